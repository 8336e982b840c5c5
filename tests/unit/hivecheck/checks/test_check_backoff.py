"""Checks: growing waits, growing gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.recovery.backoff import Backoff, LogSpan, growing_gaps, growing_waits
from hivecheck.history import Event, History
from hivecheck.verdict import Verdict

BACKOFF = Backoff(base_seconds=1.0, factor=2.0, cap_seconds=3.0, jitter_fraction=0.1)
RESTARTS = LogSpan("hive-1", ("worker", "w"), begin="exited", end="started")
FAILURES = LogSpan("hive-1", ("worker", "w"), begin="failed", end="failed")


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


def judged(history: History, span: LogSpan = RESTARTS) -> Verdict:
    return growing_waits(history, span=span, backoff=BACKOFF, count=3, lag_seconds=0.2)


def test_waits_up_to_the_cap_pass() -> None:
    """Waits that grow up to the cap pass."""
    must_say(judged(crashes(1.0, 2.1, 3.2)), PASSED, "1.00, 2.10, 3.20")


@pytest.mark.parametrize("waits", [(1.0, 1.0, 1.0), (1.0, 2.0, 4.0), (0.5, 2.0, 3.0), (1.0, 2.5, 3.0)])
def test_wrong_wait_fails(waits: tuple[float, ...]) -> None:
    """A wait that is too short or too long fails."""
    must_say(judged(crashes(*waits)), FAILED, "1.00, 2.00, 3.00")


def test_one_event_can_begin_and_end() -> None:
    """The same event can end one wait and begin the next."""
    attempts = tell([line(at, "failed") for at in (0.0, 1.0, 3.0, 6.0)])
    must_say(judged(attempts, FAILURES), PASSED)


def test_spent_time_is_no_wait() -> None:
    """The duration of an attempt is not part of the wait."""
    lines = [line(at, "failed") for at in (0.0, 3.0, 7.0, 12.0)]
    for each in lines:
        each.data["call_seconds"] = 2.0  # type: ignore[index]
    must_say(judged(tell(lines), replace(FAILURES, spent="call_seconds")), PASSED, "1.00, 2.00, 3.00")


def test_only_own_lines_count() -> None:
    """Only lines about the subject since the node joined count."""
    history = crashes(1.0, 2.0, 3.0)
    history.record(line(10.2, "started", "other"))
    history.record(line(1.0, "exited"))
    history.record(Event(9.0, "act", "hive-1", {"what": "joined"}))
    must_say(judged(history), PASSED)


def test_too_few_waits_are_inconclusive() -> None:
    """Fewer waits than `count` give no verdict."""
    must_say(judged(crashes(1.0, 2.0)), INCONCLUSIVE, "2:")


def tried(*at: float) -> Event:
    return Event(20.0, "fault", "hive-1", {"what": "removed", "stats": {"attempts": list(at), "description": "x"}})


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        ((1.0, 3.0, 6.0, 10.0), PASSED),
        ((1.0, 1.1, 1.2, 3.0, 6.0, 10.0), PASSED),  # three parallel attempts count as one
        ((4.5, 4.8, 6.8, 9.3, 12.8), PASSED),  # a wait begins at the last parallel attempt: 2.0, 2.5, 3.5
        ((0.0, 2.0, 5.0, 9.0, 13.0), PASSED),  # a cap is allowed
        ((1.0, 3.0, 5.0, 7.0), FAILED),
        ((1.0, 3.0, 5.5, 8.0), FAILED),
        ((1.0, 3.0, 8.0, 9.5, 13.5), FAILED),
        ((), FAILED),
        ((1.0, 3.0, 6.0), INCONCLUSIVE),
    ],
)
def test_gaps_grow(at: tuple[float, ...], answer: Any) -> None:
    """The gaps between attempts must grow, and parallel attempts count as one."""
    must_say(growing_gaps(tell(tried(*at)), node="hive-1", factor=1.5, count=3), answer)


def test_gaps_without_stats_are_inconclusive() -> None:
    """A node without packet statistics gives no verdict."""
    must_say(growing_gaps(tell(), node="hive-1", factor=1.5, count=3), INCONCLUSIVE)
