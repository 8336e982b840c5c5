"""Requests that waited at a worker when it was struck were sent to another one within a time limit."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def rerouted(history: History, *, what: str, seconds: float) -> Verdict:
    """Counted from the last act of that kind to the second arrival."""
    acts = [event for event in history.acts() if event.data.get("what") == what]
    if not acts or not history.operations():
        return inconclusive(
            expected=f"requests at a worker that was {what}", actual=f"{len(acts)} acts, {len(history.operations())} requests"
        )
    return worst([_judge_one(history, operation, acts[-1].at, seconds) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, injected_at: float, seconds: float) -> Verdict:
    arrivals = sorted(history.arrivals(operation), key=lambda line: line.at)
    if not arrivals or arrivals[0].at > injected_at:
        return inconclusive(expected=f"{operation.id} at a worker before it was struck", actual=f"{len(arrivals)} arrivals")
    if len(arrivals) < 2:
        return failed(expected=f"{operation.id} sent to another worker", actual=operation.sentence())
    waited = arrivals[1].at - injected_at
    if waited > seconds:
        return failed(expected=f"{operation.id} at another worker within {seconds:g} s", actual=f"after {waited:.2f} s")
    return passed(f"{operation.id}: at {arrivals[1].node} after {waited:.2f} s")
