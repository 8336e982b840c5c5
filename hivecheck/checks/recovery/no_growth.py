"""After load the memory of a node is nearly as before: it must not grow with the bytes that passed through."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

# With less traffic, a leak in every request looks like the normal variation of the allocator.
MIN_PASSED_BYTES = 16 * 1024 * 1024


def no_growth(history: History, *, node: str, passed_bytes: int, share: float) -> Verdict:
    """Between the first and the last note the memory of `node` may grow by `share` of `passed_bytes`, the traffic between them."""
    notes = [event.data["resource_usage"] for event in history.events("state", node) if "resource_usage" in event.data]
    if len(notes) < 2 or passed_bytes < MIN_PASSED_BYTES:
        expected = f"two notes of the memory of {node} and at least {MIN_PASSED_BYTES} bytes of traffic between them"
        return inconclusive(expected=expected, actual=f"{counted(len(notes), 'note')}, {counted(passed_bytes, 'byte')}")
    growth = notes[-1]["memory_bytes"] - notes[0]["memory_bytes"]
    growth_text = f"it grew by {growth / 2**20:.1f} MiB, and {passed_bytes / 2**20:.1f} MiB passed through"
    if growth > share * passed_bytes:
        return failed(expected=f"the memory of {node} grows by at most {share:.0%} of the traffic", actual=growth_text)
    return passed(growth_text)
