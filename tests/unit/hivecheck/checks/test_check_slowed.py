"""Check: slowed."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.recovery.slowed import slowed
from hivecheck.history import Operation


def took(*seconds: float, model: str, first: int = 1) -> list[Operation]:
    return [chat(number, model=model, ended_at=each) for number, each in enumerate(seconds, start=first)]


@pytest.mark.parametrize(
    ("slow", "quick", "answer"),
    [
        ([0.75, 0.5], [0.125, 0.0625], PASSED),
        ([0.75, 0.25], [0.125, 0.0625], FAILED),  # one got past the fault
        ([0.75, 0.75], [0.5, 0.4], FAILED),  # everything is slow, so nothing was slowed
    ],
)
def test_quickest_answer_counts(slow: list[float], quick: list[float], answer: Any) -> None:
    """The quickest answer over the slow path must take longer by the limit."""
    story = tell(*took(*slow, model="model-a"), *took(*quick, model="model-b", first=9))
    must_say(slowed(story, model="model-a", others="model-b", at_least_seconds=0.4), answer)


def test_other_path_is_unaffected() -> None:
    """With `others_share` the median of the other path is limited too."""
    story = tell(*took(3.0, 3.5, model="model-a"), *took(0.1, 2.0, 2.0, model="model-b", first=9))
    limits: dict[str, Any] = {"model": "model-a", "others": "model-b", "at_least_seconds": 1.5}
    must_say(slowed(story, **limits), PASSED)
    must_say(slowed(story, **limits, others_share=0.5), FAILED, "50% of the quickest")


def test_one_side_is_inconclusive() -> None:
    """Answers on one path only give no verdict."""
    story = tell(*took(3.0, model="model-a"), refused(9, model="model-b"))
    must_say(slowed(story, model="model-a", others="model-b", at_least_seconds=0.4), INCONCLUSIVE)
