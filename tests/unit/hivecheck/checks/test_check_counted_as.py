"""Check: counted_as."""

from __future__ import annotations

from load_run_stories import EMPTY, LATE, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.counted_as import counted_as

BROKEN = {"outcomes": {"truncated": 100}, "causes": {"no finish_reason": 100}, "done": 0, "failed": 100}


def test_outcomes() -> None:
    """All requests of one outcome pass. Another outcome of one of them, or an error rate that ignores them, fails."""
    must_say(counted_as(tell(load_run(error_rate=1.0, totals=BROKEN)), outcome="truncated"), PASSED, "100 requests")
    must_say(counted_as(tell(load_run()), outcome="complete"), PASSED)
    mixed = BROKEN | {"outcomes": {"truncated": 99, "complete": 1}}
    must_say(counted_as(tell(load_run(error_rate=0.99, totals=mixed)), outcome="truncated"), FAILED, "1 x complete")
    must_say(counted_as(tell(load_run(error_rate=0.0, totals=BROKEN)), outcome="truncated"), FAILED, "error rate 0.000%")


def test_without_verdict() -> None:
    """A load without a request proves nothing, and an empty schedule neither."""
    must_say(counted_as(tell(load_run(totals={"sent": 0, "outcomes": {}})), outcome="complete"), INCONCLUSIVE)
    must_say(counted_as(tell(load_run(reasons=(EMPTY,))), outcome="complete"), INCONCLUSIVE)


def test_late_client() -> None:
    """A late client changes no count that passes. Another outcome than the expected one may be its own fault."""
    must_say(counted_as(tell(load_run(reasons=(LATE,))), outcome="complete"), PASSED)
    must_say(counted_as(tell(load_run(reasons=(LATE,))), outcome="truncated"), INCONCLUSIVE, "INVALID")
    must_say(counted_as(tell(load_run(reasons=(LATE, EMPTY))), outcome="complete"), INCONCLUSIVE)
