"""Every request was answered within a budget, from its start to its last byte."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def within_time(history: History, *, seconds: float) -> Verdict:
    """`seconds`: the budget of each request."""
    operations = history.operations()
    if not operations:
        return inconclusive(expected="a request to time", actual="none was sent")
    slowest = max(operations, key=lambda operation: (not operation.is_answered, operation.seconds))
    if not slowest.is_answered or slowest.seconds > seconds:
        return failed(expected=f"every answer within {seconds:g} s", actual=f"{slowest.seconds:.2f} s for {slowest.sentence()}")
    return passed(f"the slowest took {slowest.seconds:.2f} s")
