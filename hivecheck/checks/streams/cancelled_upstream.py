"""A worker cancels the request of a client that left."""

from __future__ import annotations

from hivecheck.checks.facts import end_of
from hivecheck.history import CLIENT_LEFT, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, listed


def freed(history: History, *, purpose: str, seconds: float, is_queued: bool = False) -> Verdict:
    """Each request of the batch was cancelled within `seconds` after its client left. `is_queued`: it must not have had a slot yet."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"clients of {purpose} that left", actual="none")
    # One batch for each phase: two real routers left 8 of 8 stalled streams open, two others never cancelled a unary one.
    return worst([_judge_in_time(history, operation, seconds, is_queued) for operation in operations])


def _judge_in_time(history: History, operation: Operation, seconds: float, is_queued: bool) -> Verdict:
    arrivals = history.arrivals(operation)
    if operation.error != CLIENT_LEFT or operation.ended_at is None or len(arrivals) != 1:
        actual = f"{counted(len(arrivals), 'arrival')}: {operation.sentence()}"
        return inconclusive(expected=f"{operation.id} reached one worker, and then its client left", actual=actual)
    end = end_of(history, arrivals[0])
    if end is None:
        actual = f"no end of {operation.id} in its journal"
        return failed(expected=f"{arrivals[0].node} cancels {operation.id} after its client left", actual=actual)
    if (end.data.get("slot_at") is None) is not is_queued:
        expected = f"{operation.id} has {'no slot' if is_queued else 'a slot'} when its client leaves"
        return inconclusive(expected=expected, actual=f"slot at {end.data.get('slot_at')}")
    late = end.at - operation.ended_at
    if end.data.get("outcome") != "cancelled" or late > seconds:
        expected = f"{arrivals[0].node} cancels {operation.id} within {seconds * 1000:g} ms"
        return failed(expected=expected, actual=f"{end.data.get('outcome')} after {late * 1000:.0f} ms")
    return passed(f"{operation.id}: cancelled after {late * 1000:.0f} ms")


def left_alone(history: History, *, seconds: float) -> Verdict:
    """Each arrival of each request was cancelled, at most `seconds` after the end of the call.

    A client library can send one request several times.
    """
    return worst([_judge_all_arrivals(history, operation, seconds) for operation in history.operations()])


def _judge_all_arrivals(history: History, operation: Operation, seconds: float) -> Verdict:
    arrivals = history.arrivals(operation)
    ends = [end_of(history, arrival) for arrival in arrivals]
    if not arrivals or operation.ended_at is None:
        return inconclusive(expected=f"{operation.id} reaches a worker and ends", actual=operation.sentence())
    outcomes = [end.data.get("outcome") if end else "no end" for end in ends]
    if set(outcomes) != {"cancelled"}:
        return failed(
            expected=f"every worker that received {operation.id} cancels it", actual=f"{listed(outcomes)}: {operation.sentence()}"
        )
    # A limit of the gateway would end a forgotten request as well, but only some time later.
    late = max(end.at for end in ends if end) - operation.ended_at
    if late > seconds:
        expected = f"every worker that received {operation.id} cancels it within {seconds * 1000:g} ms"
        return failed(expected=expected, actual=f"the last one after {late * 1000:.0f} ms")
    return passed(f"{operation.id}: cancelled at its worker {counted(len(outcomes), 'time')}")
