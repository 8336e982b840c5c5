"""Check: growing gaps."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.recovery.growing_gaps import growing_gaps
from hivecheck.history import Event


def tried(*at: float) -> Event:
    return Event(20.0, "fault", "hive-1", {"what": "removed", "stats": {"attempts": list(at), "description": "x"}})


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        ((1.0, 3.0, 6.0, 10.0), PASSED),
        ((1.0, 1.1, 1.2, 3.0, 6.0, 10.0), PASSED),  # three at once are one look
        ((4.5, 4.8, 6.8, 9.3, 12.8), PASSED),  # who waits does so from the last of them on: 2.0, 2.5, 3.5
        ((0.0, 2.0, 5.0, 9.0, 13.0), PASSED),  # it may have a cap
        ((1.0, 3.0, 5.0, 7.0), FAILED),
        ((1.0, 3.0, 5.5, 8.0), FAILED),
        ((1.0, 3.0, 8.0, 9.5, 13.5), FAILED),
        ((), FAILED),
        ((1.0, 3.0, 6.0), INCONCLUSIVE),
    ],
)
def test_gaps_between_looks_grow(at: tuple[float, ...], answer: Any) -> None:
    must_say(growing_gaps(tell(tried(*at)), node="hive-1", factor=1.5, count=3), answer)


def test_without_an_account_nothing_is_known() -> None:
    must_say(growing_gaps(tell(), node="hive-1", factor=1.5, count=3), INCONCLUSIVE)
