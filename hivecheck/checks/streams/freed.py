"""A client that left was noticed: its worker stopped working for it, within a time limit, whatever the request was waiting for."""

from __future__ import annotations

from hivecheck.checks.facts import end_of
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

LEFT = "the client left"


def freed(history: History, *, purpose: str, seconds: float, is_queued: bool = False) -> Verdict:
    """Counted from when the client was gone. `is_queued`: the request must not have had a slot yet, else it must have had one."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected="clients that left", actual="none")
    return worst([_judge_one(history, operation, seconds, is_queued) for operation in operations])


def _judge_one(history: History, operation: Operation, seconds: float, is_queued: bool) -> Verdict:
    arrivals = history.arrivals(operation)
    if operation.error != LEFT or operation.ended_at is None or len(arrivals) != 1:
        return inconclusive(
            expected=f"{operation.id} left by its client at one worker", actual=f"{len(arrivals)} arrivals: {operation.sentence()}"
        )
    end = end_of(history, arrivals[0])
    if end is None:
        return failed(expected=f"{arrivals[0].node} to stop when the client left", actual=f"no end of {operation.id} in its journal")
    if (end.data.get("slot_at") is None) is not is_queued:
        return inconclusive(expected=f"a request {'without' if is_queued else 'with'} a slot", actual=f"slot at {end.data.get('slot_at')}")
    late = end.at - operation.ended_at
    if end.data.get("outcome") != "cancelled" or late > seconds:
        return failed(expected=f"cancelled within {seconds * 1000:g} ms", actual=f"{end.data.get('outcome')} after {late * 1000:.0f} ms")
    return passed(f"{operation.id}: cancelled after {late * 1000:.0f} ms")
