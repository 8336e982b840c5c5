"""No request reached a worker twice: an answer that has begun is never silently asked for again."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def not_sent_again(history: History) -> Verdict:
    """Each request of the scenario shows exactly one arrival."""
    operations = history.operations()
    places = {operation.id: [line.node for line in history.arrivals(operation)] for operation in operations}
    if not operations or any(not nodes for nodes in places.values()):
        return inconclusive(expected="requests that arrived at a worker", actual=f"{places}")
    again = {identifier: nodes for identifier, nodes in places.items() if len(nodes) > 1}
    if again:
        return failed(expected="each request at one worker, once", actual=f"{again}")
    return passed(f"{len(operations)} requests, each at one worker, once")
