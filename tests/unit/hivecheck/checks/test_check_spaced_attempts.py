"""Check: spaced attempts."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, end, must_say, refused, tell

from hivecheck.checks.routing.spaced_attempts import spaced_attempts


def attempts(*at: float, workers: tuple[str, ...] = ("w1", "w2", "w3")) -> list[Any]:
    told = refused()
    lines = [
        (arrival(told, worker, at=when, n=when), end(told, worker, at=when, n=when)) for worker, when in zip(workers, at, strict=False)
    ]
    return [told, *(line for pair in lines for line in pair)]


@pytest.mark.parametrize(
    ("story", "answer"),
    [
        (attempts(0.0, 0.125, 0.375), PASSED),
        (attempts(0.0, 0.125, 0.25), FAILED),
        (attempts(0.0, 0.05, 0.3), FAILED),
        (attempts(0.0, 0.1), FAILED),
        (attempts(0.0, 0.1, 0.3, workers=("w1", "w2", "w1")), FAILED),
    ],
)
def test_attempts_go_to_other_workers_after_growing_pauses(story: list[Any], answer: Any) -> None:
    must_say(spaced_attempts(tell(*story), attempts=3, first_pause_seconds=0.1), answer)


def test_attempts_without_an_end_are_inconclusive() -> None:
    told = refused()
    story = tell(told, *(arrival(told, worker, at=at, n=at) for worker, at in (("w1", 0.0), ("w2", 1.0), ("w3", 4.0))))
    must_say(spaced_attempts(story, attempts=3, first_pause_seconds=0.1), INCONCLUSIVE)
