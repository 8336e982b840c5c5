"""The gateway distributes the requests: each worker of the model received at least its share of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import counted, figures, listed


def spread(
    history: History, *, workers: Sequence[str], at_least: float, at_most: float = math.inf, places: Mapping[str, str] | None = None
) -> Verdict:
    """`at_least`: below 1 a share of all requests, else a number of them. `at_most` is a number. The workers' journals count.

    With `places` (worker -> hive) `workers` are hives, and a hive has the arrivals of its workers.
    """
    operations = history.operations()
    nodes = (line.node for operation in operations for line in history.arrivals(operation))
    counts = Counter(places.get(node, node) if places else node for node in nodes)
    arrivals = figures(dict.fromkeys(workers, 0) | counts)
    if counts.total() < len(operations) or not operations or len(workers) < 2:
        return inconclusive(
            expected=f"at least two workers of {listed(workers)}, and {counted(len(operations), 'request')} in journals",
            actual=f"arrivals {arrivals}",
        )
    # Requests are whole, so a share of them rounds up: fewer than 32.2 are fewer than 33.
    floor = math.ceil(at_least * len(operations)) if at_least < 1 else at_least
    low = [name for name in workers if counts[name] < floor]
    if low:
        return failed(
            expected=f"each of {listed(workers)} receives at least {floor:g} of {counted(len(operations), 'request')}",
            actual=arrivals,
        )
    if at_most < math.inf and counts.total() <= at_most:
        return no_room(expected=f"more than {at_most:g} requests, so that one worker could receive too many", actual=arrivals)
    if any(counts[name] > at_most for name in workers):
        return failed(
            expected=f"each of {listed(workers)} receives at most {at_most:g} of {counted(len(operations), 'request')}", actual=arrivals
        )
    return passed(f"arrivals {arrivals}")
