"""A worker was spared: it had none of the requests."""

from __future__ import annotations

from collections import Counter

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def spared(history: History, *, worker: str) -> Verdict:
    """`worker`: the one that others should have been chosen before, while it had the longest queue."""
    operations = history.operations()
    counts = Counter(line.node for operation in operations for line in history.arrivals(operation))
    if not operations or any(not history.arrivals(operation) for operation in operations):
        return inconclusive(expected="requests, each in a journal", actual=f"{len(operations)} requests, {dict(counts)}")
    if counts[worker]:
        return failed(expected=f"none of {len(operations)} requests at {worker}", actual=f"{dict(counts)}")
    return passed(f"{len(operations)} requests: {dict(counts)}")
