"""Every request whose client went away was given up by its worker: journaled as cancelled, its tokens not sent to the end."""

from __future__ import annotations

from hivecheck.checks.facts import end_of
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def left_alone(history: History) -> Verdict:
    """Each arrival of each request, of which a client library may have sent several."""
    return worst([_judge_one(history, operation) for operation in history.operations()])


def _judge_one(history: History, operation: Operation) -> Verdict:
    arrivals = history.arrivals(operation)
    ends = [end_of(history, arrival) for arrival in arrivals]
    if not arrivals:
        return inconclusive(expected="a request that reached a worker", actual=operation.sentence())
    outcomes = [end.data.get("outcome") if end else "no end" for end in ends]
    if set(outcomes) != {"cancelled"}:
        return failed(expected=f"{operation.id} cancelled at its worker", actual=f"{outcomes}: {operation.sentence()}")
    return passed(f"{operation.id}: cancelled at its worker {len(outcomes)} times")
