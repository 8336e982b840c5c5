"""Check: outcomes."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, served, tell

from hivecheck.checks.answers.batch_outcome import batch_outcome

WAVE: dict[str, Any] = {"purpose": "wave 1"}


def limits(**changes: Any) -> dict[str, Any]:
    return {"purpose": "wave 1", "answered": 1, "status": 503, "code": "no_worker", "hits": (1, 1)} | changes


def test_so_many_answered_and_the_others_refused_as_said_passes() -> None:
    good, bad = chat(1, **WAVE), refused(2, **WAVE)
    must_say(batch_outcome(tell(good, bad, served(good)), **limits()), PASSED, "1 of 2 answered")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"answered": 2}, "2 of 2 answered"),
        ({"code": "draining"}, "503 no_worker"),
        ({"status": 500}, "refused with 500"),
        ({"hits": (0, 0)}, "0 to 0 requests"),
        ({"hits": (2, 9)}, "2 to 9 requests"),
    ],
)
def test_another_outcome_fails(changes: dict[str, Any], said: str) -> None:
    good, bad = chat(1, **WAVE), refused(2, **WAVE)
    must_say(batch_outcome(tell(good, bad, served(good)), **limits(**changes)), FAILED, said)


def test_a_503_that_does_not_say_when_to_come_back_fails() -> None:
    good, bad = chat(1, **WAVE), refused(2, headers={}, **WAVE)
    must_say(batch_outcome(tell(good, bad, served(good)), **limits()), FAILED, "Retry-After None")


def test_without_a_request_of_the_wave_nothing_is_judged() -> None:
    must_say(batch_outcome(tell(chat()), purpose="wave 1", answered=1), INCONCLUSIVE)
