"""Checks: freed, left alone."""

from __future__ import annotations

from typing import Any

from stories import BATCH, FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, served, tell

from hivecheck.checks.streams.cancelled_upstream import freed, left_alone
from hivecheck.history import CLIENT_LEFT, Operation

ABANDONED_IN_BATCH = {"status": None, "body": None, "ended_at": 2.0, "error": CLIENT_LEFT} | BATCH


def abandoned(**data: Any) -> tuple[Operation, list[Any]]:
    gone = chat(**ABANDONED_IN_BATCH)
    return gone, [arrival(gone), end(gone, at=2.1, outcome="cancelled", slot_at=0.1, **data)]


def test_cancel_in_time() -> None:
    """A cancel within the limit passes, a later one fails, and a slot in the wrong state gives no verdict."""
    gone, lines = abandoned()
    must_say(freed(tell(gone, lines), purpose="batch 1", seconds=0.25), PASSED, "after 100 ms")
    must_say(freed(tell(gone, lines), purpose="batch 1", seconds=0.05), FAILED, "after 100 ms")
    must_say(freed(tell(gone, lines), purpose="batch 1", seconds=0.25, is_queued=True), INCONCLUSIVE, "has no slot")


def test_worker_that_continues_fails() -> None:
    """A worker that does not cancel the request fails."""
    gone = chat(**ABANDONED_IN_BATCH)
    must_say(freed(tell(gone, arrival(gone)), purpose="batch 1", seconds=1), FAILED, "no end")
    finished = end(gone, at=2.0, outcome="finished", slot_at=0.1)
    must_say(freed(tell(gone, arrival(gone), finished), purpose="batch 1", seconds=1), FAILED, "finished")


def test_client_that_stays_is_inconclusive() -> None:
    """A client that did not leave gives no verdict."""
    request = chat(**BATCH)
    must_say(freed(tell(request, served(request)), purpose="batch 1", seconds=1), INCONCLUSIVE)


def test_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(freed(tell(chat()), purpose="batch 1", seconds=1), INCONCLUSIVE)


ABANDONED = chat(status=None, error=CLIENT_LEFT)


def test_cancelled_passes() -> None:
    """A request that its worker cancelled passes."""
    must_say(left_alone(tell(ABANDONED, arrival(ABANDONED), end(ABANDONED, outcome="cancelled")), seconds=0.25), PASSED, "1 time")


def test_not_cancelled_fails() -> None:
    """A request that finished, or has no end, fails."""
    must_say(left_alone(tell(ABANDONED, arrival(ABANDONED), end(ABANDONED, outcome="finished")), seconds=0.25), FAILED, "finished")
    must_say(left_alone(tell(ABANDONED, arrival(ABANDONED)), seconds=0.25), FAILED, "no end")


def test_late_cancel_fails() -> None:
    """A request that its worker cancelled later than the limit fails."""
    late = end(ABANDONED, at=1.7, outcome="cancelled")
    must_say(left_alone(tell(ABANDONED, arrival(ABANDONED), late), seconds=0.25), FAILED, "after 700 ms")


def test_every_arrival_counts() -> None:
    """Each arrival of a request must be cancelled."""
    history = tell(ABANDONED, arrival(ABANDONED), end(ABANDONED, outcome="cancelled"), arrival(ABANDONED, "worker-2"))
    must_say(left_alone(history, seconds=0.25), FAILED, "no end")


def test_no_arrival_is_inconclusive() -> None:
    """A request without an arrival gives no verdict."""
    must_say(left_alone(tell(ABANDONED), seconds=0.25), INCONCLUSIVE)
    must_say(left_alone(tell(), seconds=0.25), INCONCLUSIVE)
