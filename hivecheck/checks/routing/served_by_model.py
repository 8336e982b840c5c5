"""Each request was served by exactly one worker, one that serves its model, and client and journal agree which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hivecheck.checks.facts import SUCCESS
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def served_by_model(history: History, *, workers: Mapping[str, Sequence[str]], only: str | None = None, is_marked: bool = True) -> Verdict:
    """`workers`: worker -> the models it serves, as declared; `only`: the one worker that must have served everything.

    `is_marked`: the answer names its worker in `X-Worker-Id`, as ours do; that is no standard, so a target may leave it out.
    """
    return worst([_judge_one(history, operation, workers, only, is_marked) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, workers: Mapping[str, Sequence[str]], only: str | None, is_marked: bool) -> Verdict:
    if operation.status not in SUCCESS:
        return failed(expected=f"an answer for {operation.model}", actual=operation.sentence())
    arrivals = history.arrivals(operation)
    if not arrivals:
        return inconclusive(expected=f"a worker's journal that shows {operation.id}", actual="none does")
    names = [arrival.node for arrival in arrivals]
    able = {only} if only else {name for name, models in workers.items() if operation.model in models}
    if len(names) != 1 or names[0] not in able:
        return failed(expected=f"{operation.id} for {operation.model} at exactly one of {sorted(able)}", actual=f"at {names}")
    if is_marked and operation.header("X-Worker-Id") != names[0]:
        return failed(
            expected=f"the answer to name {names[0]}, whose journal shows it", actual=f"it names {operation.header('X-Worker-Id')}"
        )
    return passed(f"{operation.id}: served by {names[0]}")
