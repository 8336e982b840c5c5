"""Check: growing waits."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.recovery.growing_waits import growing_waits
from hivecheck.history import Event, History
from hivecheck.verdict import Verdict

LIMITS: dict[str, Any] = {
    "node": "hive-1",
    "about": ("worker", "w"),
    "base_seconds": 1.0,
    "factor": 2.0,
    "cap_seconds": 3.0,
    "jitter_fraction": 0.1,
    "lag_seconds": 0.2,
    "count": 3,
}


def line(at: float, event: str, worker: str = "w") -> Event:
    return Event(at, "log", "hive-1", {"event": event, "worker": worker})


def crashes(*waits: float) -> History:
    """A worker that crashes right after each start."""
    at, lines = 10.0, [line(10.0, "exited")]
    for wait in waits:
        at += wait
        lines += [line(at, "started"), line(at + 0.5, "exited")]
        at += 0.5
    return tell(lines)


def judged(history: History, **changes: Any) -> Verdict:
    return growing_waits(history, begin="exited", end="started", **(LIMITS | changes))


def test_waits_that_grow_up_to_the_cap_pass() -> None:
    must_say(judged(crashes(1.0, 2.1, 3.2)), PASSED, "1.00, 2.10, 3.20")


@pytest.mark.parametrize("waits", [(1.0, 1.0, 1.0), (1.0, 2.0, 4.0), (0.5, 2.0, 3.0), (1.0, 2.5, 3.0)])
def test_a_wait_that_is_too_short_or_too_long_fails(waits: tuple[float, ...]) -> None:
    must_say(judged(crashes(*waits)), FAILED, "1.00, 2.00, 3.00")


def test_the_same_event_may_begin_and_end_a_wait() -> None:
    attempts = tell([line(at, "failed") for at in (0.0, 1.0, 3.0, 6.0)])
    must_say(growing_waits(attempts, begin="failed", end="failed", **LIMITS), PASSED)


def test_what_an_attempt_took_is_no_waiting() -> None:
    lines = [line(at, "failed") for at in (0.0, 3.0, 7.0, 12.0)]
    for each in lines:
        each.data["call_seconds"] = 2.0  # type: ignore[index]
    must_say(growing_waits(tell(lines), begin="failed", end="failed", spent="call_seconds", **LIMITS), PASSED, "1.00, 2.00, 3.00")


def test_only_lines_about_the_subject_and_since_it_joined_count() -> None:
    history = crashes(1.0, 2.0, 3.0)
    history.record(line(10.2, "started", "other"))
    history.record(line(1.0, "exited"))
    history.record(Event(9.0, "act", "hive-1", {"what": "joined"}))
    must_say(judged(history), PASSED)


def test_too_few_waits_are_inconclusive() -> None:
    must_say(judged(crashes(1.0, 2.0)), INCONCLUSIVE, "2:")
