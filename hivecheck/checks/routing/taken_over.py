"""A request whose worker died before the first byte was answered by another worker, at the second attempt."""

from __future__ import annotations

from hivecheck.checks.facts import end_of
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def taken_over(history: History, *, is_marked: bool = True) -> Verdict:
    """Judges every request of the scenario; the first worker's journal must show that it did not come to an end.

    `is_marked`: the answer says so itself in `X-Attempts` and `X-Worker-Id`; that is no standard, so a target may leave it out.
    """
    return worst([_judge_one(history, operation, is_marked) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, is_marked: bool) -> Verdict:
    arrivals = history.arrivals(operation)
    names = [arrival.node for arrival in arrivals]
    if not arrivals or end_of(history, arrivals[0]) is not None:
        return inconclusive(
            expected=f"{operation.id} unfinished at the worker that died", actual=f"arrivals at {names}, the first has an end"
        )
    attempts = operation.header("X-Attempts") if is_marked else "2"
    if not operation.is_answered or len(set(names)) != 2 or len(names) != 2 or attempts != "2":
        actual = f"arrivals at {names}, X-Attempts {attempts}: {operation.sentence()}"
        return failed(expected="an answer from another worker at the second attempt", actual=actual)
    if is_marked and operation.header("X-Worker-Id") != names[1]:
        return failed(expected=f"the answer to name {names[1]}", actual=f"it names {operation.header('X-Worker-Id')}")
    return passed(f"{operation.id}: taken over by {names[1]}")
