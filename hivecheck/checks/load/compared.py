"""A latency of the last load, compared with that of the load before: as a share of it, or as a difference."""

from __future__ import annotations

import math

from hivecheck.checks.load.load_facts import figure, groups, invalid, middle
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def compared(
    history: History, *, metric: str, name: str, least: float = 0.0, most: float = math.inf, added_seconds: float | None = None
) -> Verdict:
    """Compares the medians over the runs of each load. `least` and `most` are shares, unless `added_seconds` limits the difference."""
    loads = groups(history)[-2:]
    if len(loads) < 2:
        return inconclusive(expected="two loads to compare", actual=f"{len(loads)}")
    for run in (*loads[0], *loads[1]):
        if verdict := invalid(run):
            return verdict
    before, after = (middle([figure(run, metric, name) for run in runs]) for runs in loads)
    if math.isnan(before) or math.isnan(after) or not before:
        return inconclusive(expected=f"{metric} {name} of two loads", actual=f"{before} s and {after} s")
    actual = f"{metric} {name} {after * 1000:.1f} ms after {before * 1000:.1f} ms: {after / before:.1%}, {(after - before) * 1000:+.1f} ms"
    spread = "; ".join(" ".join(f"{figure(run, metric, name) * 1000:.1f}" for run in runs) for runs in loads)
    if added_seconds is not None:
        limit, is_within = f"at most {added_seconds * 1000:g} ms more", after - before <= added_seconds
    else:
        limit, is_within = f"{least:.0%} to {most:.0%}", least <= after / before <= most
    if not is_within:
        return failed(expected=f"{metric} {name}: {limit}", actual=f"{actual} (runs in ms: {spread})")
    return passed(f"{actual} (runs in ms: {spread})")
