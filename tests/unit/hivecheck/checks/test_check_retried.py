"""Check: retried. It has no FAILED: the latencies of the load judge its retries."""

from __future__ import annotations

from load_run_stories import load_run
from stories import INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.retried import retried
from hivecheck.history import Event


def arrival(at: float, attempt: str | None) -> Event:
    """A request at a worker, with the header that counts its attempts."""
    return Event(at, "journal", "worker-1", {"event": "arrival", "headers": {} if attempt is None else {"x-attempts": attempt}})


def test_retries() -> None:
    """Only further attempts during the load count."""
    told = tell(arrival(0.2, "1"), arrival(0.3, "2"), arrival(0.4, None), arrival(2.0, "2"), load_run(1.0))
    must_say(retried(told, at_least=1), PASSED, "1 retry")
    must_say(retried(told, at_least=2), INCONCLUSIVE, "1 among 3 arrivals")
    must_say(retried(tell(), at_least=1), INCONCLUSIVE)
