"""Every request got a whole 2xx answer, and as many were sent as the scenario says."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def all_answered(history: History, *, count: int | None = None, purpose: str = "chat") -> Verdict:
    """`count` is how many requests of that purpose there must have been; None for any number above 0."""
    operations = history.operations(purpose)
    expected = f"{count or 'all'} requests answered"
    if not operations or count not in (None, len(operations)):
        return inconclusive(expected=expected, actual=f"{len(operations)} requests were sent")
    bad = [operation for operation in operations if not operation.is_answered]
    if bad:
        return failed(expected=expected, actual=f"{len(bad)} of {len(operations)} not, the first is {bad[0].sentence()}")
    return passed(f"{len(operations)} requests answered")
