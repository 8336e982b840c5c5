"""The requests were shared out: each worker that serves the model answered at least its share of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def spread(history: History, *, workers: Sequence[str], at_least: float, places: Mapping[str, str] | None = None) -> Verdict:
    """`at_least`: below 1 a share of all requests, else a number of them; counted by the workers' journals.

    With `places` (worker -> hive) `workers` are hives, and what a hive's workers got is the hive's.
    """
    operations = history.operations()
    nodes = (line.node for operation in operations for line in history.arrivals(operation))
    counts = Counter(places.get(node, node) if places else node for node in nodes)
    if counts.total() < len(operations) or not operations or len(workers) < 2:
        return inconclusive(expected=f"journals that show {len(operations)} requests over {workers}", actual=f"{dict(counts)}")
    floor = at_least * len(operations) if at_least < 1 else at_least
    low = [name for name in workers if counts[name] < floor]
    if low:
        return failed(expected=f"at least {floor:g} of {len(operations)} at each of {list(workers)}", actual=f"{dict(counts)}")
    return passed(f"{dict(counts)}")
