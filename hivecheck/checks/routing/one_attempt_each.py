"""Each request of one wave was answered at its first attempt, and a worker saw it once."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def one_attempt_each(history: History, *, purpose: str, is_marked: bool = True) -> Verdict:
    """By the workers' journals and the header X-Attempts of the answer; `is_marked` false: by the journals alone."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"requests of {purpose}", actual="none")
    for operation in operations:
        actual = operation.is_answered, operation.header("X-Attempts") if is_marked else "1", len(history.arrivals(operation))
        if actual != (True, "1", 1):
            return failed(
                expected="an answer at the first attempt, one arrival",
                actual=f"attempts {actual[1]}, {actual[2]} arrivals: {operation.sentence()}",
            )
    return passed(f"{len(operations)} requests, one attempt each")
