"""Answers of one wave that broke off: visibly, with the error event of their kind where they are streams, and in time."""

from __future__ import annotations

from hivecheck.checks.facts import order_fault
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def broke_off(history: History, *, purpose: str, seconds: float, code: str | None = None) -> Verdict:
    """`code` of the error event of streams; `seconds` from the last token (an unary answer: from its headers) to the end."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"requests of {purpose}", actual="none")
    return worst([_judge_one(history, operation, seconds, code) for operation in operations])


def _judge_one(history: History, operation: Operation, seconds: float, code: str | None) -> Verdict:
    begun = operation.tokens[-1].at if operation.tokens else operation.headers_at
    if operation.status != 200 or begun is None or operation.ended_at is None or (operation.is_stream and not operation.tokens):
        return failed(expected="an answer that has begun", actual=operation.sentence())
    told = (operation.stream_error or {}).get("code")
    rules = {
        "a clean end": bool(operation.error),
        "an end marker": not operation.saw_done,
        "a finish reason": not operation.finish_reason,
        f"error event {told}": told == code,
        f"{order_fault(operation)}": not operation.is_stream or order_fault(operation) is None,
        f"{operation.ended_at - begun:.2f} s after its last sign of life": operation.ended_at - begun <= seconds,
        f"{len(history.arrivals(operation))} arrivals": len(history.arrivals(operation)) == 1,
    }
    if found := [fault for fault, holds in rules.items() if not holds]:
        expected = f"a cut body, error event {code}, no end marker, within {seconds:g} s, sent to one worker once"
        return failed(expected=expected, actual=f"{'; '.join(found)}: {operation.sentence()}")
    return passed(f"{operation.id}: broke off visibly")
