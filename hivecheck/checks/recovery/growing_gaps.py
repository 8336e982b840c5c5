"""Whoever tried to reach a node behind a cut did so ever more rarely, by the first packets that came there."""

from __future__ import annotations

from itertools import pairwise

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

# Attempts this near each other are those of several requests at once, none of which knew of the others' failure. Who waits does so from the
# last of them on.
TOGETHER_SECONDS = 0.5
SHRINKING = 0.9  # what the machine may take off a gap


def growing_gaps(history: History, *, node: str, factor: float, count: int) -> Verdict:
    """At least `count` gaps, none notably shorter than the one before it, the longest `factor` times the shortest.

    From the account of the last fault on `node`: the moments at which a peer began a connection. What the kernel repeats of one
    attempt is no further one.
    """
    told = [event.data["stats"] for event in history.events("fault", node) if event.data.get("stats")]
    if not told:
        return inconclusive(expected=f"a fault on {node} that was healed and gave account of its packets", actual="none")
    attempts = [float(at) for at in told[-1]["attempts"]]
    gaps = [after - before for before, after in pairwise(attempts) if after - before >= TOGETHER_SECONDS]
    shown = ", ".join(f"{gap:.2f}" for gap in gaps) + " s"
    if not attempts:
        return failed(expected=f"attempts to reach {node}", actual="none while it was cut off: whoever does not try finds nobody again")
    if len(gaps) < count:
        return inconclusive(expected=f"{count} gaps between attempts to reach {node}", actual=f"{len(gaps)}: {shown}")
    if any(after < SHRINKING * before for before, after in pairwise(gaps)) or gaps[-1] < factor * gaps[0]:
        return failed(expected=f"growing gaps between attempts to reach {node}, in the end {factor:g} times the first", actual=shown)
    return passed(f"gaps of {shown}")
