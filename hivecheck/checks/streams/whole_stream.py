"""A stream is whole: each token once and in order, as many as the worker sent, a finish reason, [DONE], no error."""

from __future__ import annotations

from hivecheck.checks.facts import end_of, order_fault, streams
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, figures

WHOLE = "a whole stream has each token once and in order, a finish reason and [DONE]"


def whole_stream(history: History) -> Verdict:
    """Judges every stream of the scenario."""
    return worst([_judge_one(history, operation) for operation in streams(history)])


def _judge_one(history: History, operation: Operation) -> Verdict:
    faults = [
        None if operation.status == 200 else f"status {operation.status}",
        operation.error,
        f"error event {figures(operation.stream_error)}" if operation.stream_error else None,
        None if operation.finish_reason else "no finish reason",
        # The `openai` SDK takes a clean end without [DONE] as a normal end, so it misses a truncated answer.
        None if operation.saw_done else "no [DONE]",
        order_fault(operation),
        None if operation.tokens else "no token",
    ]
    if found := [fault for fault in faults if fault]:
        return failed(expected=WHOLE, actual=f"{operation.sentence()}: {'; '.join(found)}")
    arrivals = history.arrivals(operation)
    end = end_of(history, arrivals[-1]) if arrivals else None
    if end is None:
        return inconclusive(expected=f"the number of tokens of {operation.id} in the journal of a worker", actual="no end in any journal")
    sent = end.data.get("output_tokens")
    if sent != len(operation.tokens):
        return failed(expected=f"the client receives all tokens that {end.node} sent, {sent}", actual=operation.sentence())
    return passed(f"{operation.id}: {counted(len(operation.tokens), 'token')}, whole")
