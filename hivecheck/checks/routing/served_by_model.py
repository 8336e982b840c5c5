"""Exactly one worker served each request. It serves the model, and the answer names the worker that has it in its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hivecheck.checks.facts import SUCCESS
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed, worst
from hivecheck.wording import listed


def served_by_model(history: History, *, workers: Mapping[str, Sequence[str]], only: str | None = None, is_marked: bool = True) -> Verdict:
    """`workers`: worker -> its declared models. `only`: the one worker that must have served every request.

    `is_marked`: the answer names its worker in `X-Worker-Id`. That is no standard, so a target may leave it out.
    """
    return worst([_judge_one(history, operation, workers, only, is_marked) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, workers: Mapping[str, Sequence[str]], only: str | None, is_marked: bool) -> Verdict:
    if operation.status not in SUCCESS:
        return failed(expected=f"{operation.id} for {operation.model} is answered", actual=operation.sentence())
    arrivals = history.arrivals(operation)
    if not arrivals:
        return inconclusive(expected=f"{operation.id} in the journal of a worker", actual="no journal has it")
    names = [arrival.node for arrival in arrivals]
    able = {only} if only else {name for name, models in workers.items() if operation.model in models}
    if len(names) != 1 or names[0] not in able:
        one_of = "only" if len(able) == 1 else "exactly one of"
        return failed(
            expected=f"{operation.id} for {operation.model} reaches {one_of} {listed(sorted(able))}",
            actual=f"it reached {listed(names)}",
        )
    if len(workers) < 2:
        return no_room(expected="a second worker that could receive the request by mistake", actual=listed(workers))
    if is_marked and operation.header("X-Worker-Id") != names[0]:
        return failed(
            expected=f"the answer names {names[0]}, which has {operation.id} in its journal",
            actual=f"it names {operation.header('X-Worker-Id')}",
        )
    return passed(f"{operation.id}: served by {names[0]}")
