"""Every request of one wave came to an end, good or bad, within a time limit."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def ended_in_time(history: History, *, purpose: str, seconds: float) -> Verdict:
    """From sending to the last byte, or to the cut."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"requests of {purpose}", actual="none")
    slowest = max(operations, key=lambda operation: operation.seconds)
    if slowest.seconds > seconds:
        return failed(expected=f"every end within {seconds:g} s", actual=f"{slowest.seconds:.2f} s for {slowest.sentence()}")
    return passed(f"the slowest took {slowest.seconds:.2f} s")
