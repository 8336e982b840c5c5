"""Whatever its client called the model, every request reached a worker of that model under the name workers know, else unchanged."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, passed, worst


def resolved(history: History, *, model: str, workers: Collection[str]) -> Verdict:
    """`model`: the name that workers know it by; `workers`: those that serve it."""
    return worst([_judge_one(history, operation, model, workers) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, model: str, workers: Collection[str]) -> Verdict:
    arrivals = history.arrivals(operation)
    actual = [(line.node, _body(line.data.get("body"))) for line in arrivals]
    expected: dict[str, Any] = {**operation.request, "model": model}
    is_right = len(actual) == 1 and actual[0][0] in workers and actual[0][1] == expected
    if not operation.is_answered or not is_right:
        return failed(
            expected=f"{operation.model} answered by one of {sorted(workers)}, asked for {expected}",
            actual=f"{actual}: {operation.sentence()}",
        )
    return passed(f"{operation.id}: {operation.model} served as {model} by {actual[0][0]}")


def _body(text: object) -> Mapping[str, Any] | None:
    """The body as the journal has it; None where it has none (it may be too long) or it is no object."""
    body = json.loads(text) if isinstance(text, str) else None
    return body if isinstance(body, dict) else None
