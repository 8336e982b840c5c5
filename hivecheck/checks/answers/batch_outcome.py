"""How the requests of one wave ended: so many answered, the others refused with one status and code, and so many sent to workers."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def batch_outcome(
    history: History,
    *,
    purpose: str,
    answered: int,
    status: int | None = None,
    code: str | None = None,
    hits: tuple[int, int] | None = None,
) -> Verdict:
    """`hits`: the least and the greatest number of arrivals in all journals. A refusal with 503 must say when to come back."""
    operations = history.operations(purpose)
    if not operations:
        return inconclusive(expected=f"requests of {purpose}", actual="none")
    good = [operation for operation in operations if operation.is_answered]
    if len(good) != answered:
        bad = next((operation.sentence() for operation in operations if operation not in good), "none")
        return failed(expected=f"{answered} of {len(operations)} answered", actual=f"{len(good)}; the first that was not: {bad}")
    for operation in operations:
        if operation not in good and (fault := _fault(operation, status, code)):
            return failed(expected=f"the others refused with {status} {code}", actual=f"{fault}: {operation.sentence()}")
    arrived = sum(len(history.arrivals(operation)) for operation in operations)
    if hits and not hits[0] <= arrived <= hits[1]:
        return failed(expected=f"{hits[0]} to {hits[1]} requests at workers", actual=f"{arrived}")
    return passed(f"{answered} of {len(operations)} answered, {arrived} requests at workers")


def _fault(operation: Operation, status: int | None, code: str | None) -> str | None:
    actual = operation.status, operation.error_object().get("code")
    if actual != (status, code):
        return f"{actual[0]} {actual[1]}"
    if status == 503 and not (operation.header("Retry-After") or "").isdigit():
        return f"Retry-After {operation.header('Retry-After')!r}"
    return None
