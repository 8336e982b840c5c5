"""Each request of one wave was answered at its first attempt, and a worker saw it once."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def judge(history: History, *, purpose: str, is_marked: bool = True) -> Verdict:
    """By the workers' journals and the header X-Attempts of the answer; `is_marked` false: by the journals alone."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(wanted=f"requests of {purpose}", got="none")
    for operation in operations:
        got = operation.is_answered, operation.header("X-Attempts") if is_marked else "1", len(history.arrivals(operation))
        if got != (True, "1", 1):
            return failed(
                wanted="an answer at the first attempt, one arrival", got=f"attempts {got[1]}, {got[2]} arrivals: {operation.sentence()}"
            )
    return passed(f"{len(operations)} requests, one attempt each")
