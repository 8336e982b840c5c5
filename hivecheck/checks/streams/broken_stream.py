"""A stream that broke off, so that its client can tell: no finish reason, no [DONE], and an error event or a cut body."""

from __future__ import annotations

from hivecheck.checks.facts import order_fault, streams
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

WANTED = "no finish reason, no [DONE], and an error event or a cut body"


def broken_stream(history: History, *, code: str | None = None) -> Verdict:
    """Judges every stream of the scenario; one that never had a token did not break off in its middle. `code`: of the error event."""
    return worst([_judge_one(operation, code) for operation in streams(history)])


def _judge_one(operation: Operation, code: str | None) -> Verdict:
    if not operation.tokens:
        return inconclusive(expected="a stream that breaks off after its first token", actual=operation.sentence())
    if fault := order_fault(operation):
        return failed(expected="what came before the break in order", actual=f"{operation.sentence()}: {fault}")
    can_tell = bool(operation.stream_error or operation.error)
    if operation.saw_done or operation.finish_reason or not can_tell:
        return failed(expected=WANTED, actual=operation.sentence())
    if code and (operation.stream_error or {}).get("code") != code:
        return failed(expected=f"error event {code}", actual=operation.sentence())
    return passed(f"{operation.sentence()}: its client can tell")
