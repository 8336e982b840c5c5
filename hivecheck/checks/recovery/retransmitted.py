"""Senders retransmitted the segments that a fault dropped: counted on the wire, independent of the fault's own count of drops."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted


def retransmitted(history: History, *, node: str, at_least: int) -> Verdict:
    """Counts segments with payload that arrived a second time, from the stats that each fault on `node` reports when it is removed."""
    stats = [event.data["stats"] for event in history.events("fault", node) if event.data.get("stats")]
    if not stats:
        return inconclusive(expected=f"a removed fault on {node} with packet statistics", actual="none")
    # Only segments with payload: the probe connections that prove a fault's effect carry none.
    repeated = sum(int(one["repeated"]) for one in stats)
    if repeated < at_least:
        return failed(
            expected=f"at least {counted(at_least, 'retransmitted segment')} at {node}", actual=f"{repeated}; {stats[-1]['description']}"
        )
    return passed(f"{counted(repeated, 'retransmitted segment')} at {node}")
