"""Check: same_schedule."""

from __future__ import annotations

from load_run_stories import load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.same_schedule import same_schedule
from hivecheck.history import Event


def arrivals(at: float, *bodies: str) -> list[Event]:
    return [Event(at, "journal", "worker-1", {"event": "arrival", "body_sha256": body}) for body in bodies]


def runs(**second: str) -> list[Event]:
    """Two runs of one request, beside the warm-up: from 0 to 1 s and from 2 to 3 s."""
    return [load_run(at, of=2, totals={"sent": 1}, **(second if at == 3.0 else {})) for at in (1.0, 3.0)]


def test_bodies_of_runs() -> None:
    """Equal schedules with equal bodies in any order pass. Another schedule or another body fails."""
    must_say(same_schedule(tell(runs(), arrivals(0.5, "a", "b"), arrivals(2.5, "b", "a"))), PASSED, "2 requests")
    must_say(same_schedule(tell(runs(), arrivals(0.5, "a", "b"), arrivals(2.5, "a", "c"))), FAILED, "1 body")
    must_say(same_schedule(tell(runs(digest="other"), arrivals(0.5, "a", "b"), arrivals(2.5, "a", "b"))), FAILED, "one schedule")


def test_without_verdict() -> None:
    """One run, and runs without arrivals, give no verdict."""
    must_say(same_schedule(tell(load_run())), INCONCLUSIVE)
    must_say(same_schedule(tell(runs(), arrivals(0.5, "a", "b"))), INCONCLUSIVE)
