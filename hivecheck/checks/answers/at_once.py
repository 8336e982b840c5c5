"""No worker had more requests of one wave in hand at once than there may be connections, and there were that many."""

from __future__ import annotations

from hivecheck.checks.facts import end_of
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def at_once(history: History, *, purpose: str, limit: int) -> Verdict:
    """By the workers' journals: from a request's arrival to its end."""
    arrivals = [line for operation in history.operations(purpose) for line in history.arrivals(operation)]
    most: dict[str, int] = {}
    for worker in {line.node for line in arrivals}:
        spans = [(line.at, end.at) for line in arrivals if line.node == worker and (end := end_of(history, line))]
        most[worker] = max((sum(start <= at < stop for start, stop in spans) for at, _ in spans), default=0)
    if any(count > limit for count in most.values()):
        return failed(expected=f"at most {limit} at once", actual=f"{most}")
    if limit not in most.values():
        return inconclusive(expected=f"{limit} at once, else nobody had to wait", actual=f"{most}")
    return passed(f"at most {most} at once")
