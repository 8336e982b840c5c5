"""No worker had more requests of a batch in flight than the limit of connections, and one worker reached the limit."""

from __future__ import annotations

from hivecheck.checks.facts import end_of
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, figures


def at_once(history: History, *, purpose: str, limit: int) -> Verdict:
    """A request is in flight from its arrival to its end in the journal."""
    arrivals = [line for operation in history.operations(purpose) for line in history.arrivals(operation)]
    most: dict[str, int] = {}
    for worker in {line.node for line in arrivals}:
        spans = [(line.at, end.at) for line in arrivals if line.node == worker and (end := end_of(history, line))]
        # The number in flight rises only at an arrival, so its maximum is at one. A span excludes its end.
        most[worker] = max((sum(start <= at < stop for start, stop in spans) for at, _ in spans), default=0)
    if any(count > limit for count in most.values()):
        return failed(expected=f"at most {counted(limit, 'request')} in flight at each worker", actual=figures(most))
    if len(arrivals) <= limit * len(most):
        expected = f"more requests than {counted(limit, 'request')} for each worker that received one"
        return no_room(expected=expected, actual=f"{counted(len(arrivals), 'arrival')} at {counted(len(most), 'worker')}")
    if limit not in most.values():
        expected = f"{counted(limit, 'request')} in flight at a worker, so that the limit takes effect"
        return inconclusive(expected=expected, actual=figures(most))
    return passed(f"in flight at most: {figures(most)}")
