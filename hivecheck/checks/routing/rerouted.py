"""The gateway sent requests that waited at a lost worker to another worker in time."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted


def rerouted(history: History, *, what: str, seconds: float) -> Verdict:
    """`seconds` counts from the last act `what`, such as a pause of the worker, to the second arrival."""
    acts = [event for event in history.acts() if event.data.get("what") == what]
    if not acts or not history.operations():
        actual = f"{counted(len(acts), 'worker')} {what}, {counted(len(history.operations()), 'request')}"
        return inconclusive(expected=f"requests at a worker that was {what}", actual=actual)
    return worst([_judge_one(history, operation, acts[-1].at, seconds) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, injected_at: float, seconds: float) -> Verdict:
    arrivals = sorted(history.arrivals(operation), key=lambda line: line.at)
    if not arrivals or arrivals[0].at > injected_at:
        return inconclusive(expected=f"{operation.id} reached a worker before its loss", actual=counted(len(arrivals), "arrival"))
    if len(arrivals) < 2:
        return failed(expected=f"{operation.id} reaches another worker", actual=operation.sentence())
    waited = arrivals[1].at - injected_at
    if waited > seconds:
        return failed(expected=f"{operation.id} reaches another worker within {seconds:g} s", actual=f"after {waited:.2f} s")
    return passed(f"{operation.id}: at {arrivals[1].node} after {waited:.2f} s")
