"""Load that came and went leaves nothing behind: neither memory for what passed through, nor a connection for who left."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

# Below this, a leak of every request could not be told from the allocator's own breathing.
MIN_PASSED_BYTES = 16 * 1024 * 1024


def no_growth(history: History, *, node: str, passed_bytes: int, share: float) -> Verdict:
    """Memory of `node` between the first and the last note: it may have grown by `share` of the `passed_bytes` that went through."""
    notes = [event.data["footprint"] for event in history.events("state", node) if "footprint" in event.data]
    if len(notes) < 2 or passed_bytes < MIN_PASSED_BYTES:
        return inconclusive(
            expected=f"two notes of {node}'s memory and {MIN_PASSED_BYTES} bytes between them", actual=f"{len(notes)}, {passed_bytes}"
        )
    growth = notes[-1]["memory_bytes"] - notes[0]["memory_bytes"]
    told = f"{growth / 2**20:.1f} MiB more for {passed_bytes / 2**20:.1f} MiB that passed through"
    if growth > share * passed_bytes:
        return failed(expected=f"memory of {node} grown by less than {share:.0%} of what passed through", actual=told)
    return passed(told)
