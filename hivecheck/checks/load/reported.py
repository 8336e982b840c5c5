"""The last load reported its latencies, and the spread between its runs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hivecheck.checks.load.load_facts import figure, groups, invalid
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

NAMES = ("p50", "p95", "p99")
THROUGHPUT = "throughput"


def reported(history: History, *, metrics: Sequence[str]) -> Verdict:
    """Each run has p50, p95 and p99 of each latency, in ascending order, and a throughput above 0.

    The message has the lowest and the highest of each over the runs.
    """
    runs = groups(history)[-1] if groups(history) else []
    if not runs:
        return inconclusive(expected="a load run", actual="none")
    for run in runs:
        if verdict := invalid(run):
            return verdict
    lines = []
    for metric in metrics:
        if metric == THROUGHPUT:
            rates = [float(run["done_rate"]) for run in runs]
            if not min(rates) > 0:
                return failed(expected="answers within the schedule", actual=f"{rates} a second")
            lines.append(f"throughput {min(rates):.1f} to {max(rates):.1f} requests per second")
            continue
        figures = [[figure(run, metric, name) for name in NAMES] for run in runs]
        # A comparison with NaN is false, so a missing figure is no ascending one.
        if not all(0 <= low <= middle <= high for low, middle, high in figures):
            return failed(expected=f"p50, p95 and p99 of {metric} in ascending order", actual=f"{figures}")
        lines.append(f"{metric} " + " ".join(_spread(name, values) for name, values in zip(NAMES, zip(*figures, strict=True), strict=True)))
    return passed("; ".join(lines))


def _spread(name: str, values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    text = f"{low * 1000:.1f} ms" if math.isclose(low, high) else f"{low * 1000:.1f} to {high * 1000:.1f} ms"
    return f"{name} {text}"
