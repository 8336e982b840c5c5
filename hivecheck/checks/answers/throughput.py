"""The requests were answered at a rate, counted from the first one sent to the last one answered."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def throughput(history: History, *, per_second: float) -> Verdict:
    """`per_second`: how many answers a second at least; the requests must last long enough for that to be told from one burst."""
    operations = history.operations()
    if len(operations) < 2 * per_second:
        return inconclusive(expected=f"{2 * per_second:g} requests or more", actual=f"{len(operations)}")
    if refused := [one.sentence() for one in operations if not one.is_answered]:
        return failed(expected="every request answered", actual="; ".join(refused))
    lasted = max(one.ended_at or 0.0 for one in operations) - min(one.started_at for one in operations)
    rate = len(operations) / lasted if lasted > 0 else float("inf")
    if rate < per_second:
        return failed(expected=f"{per_second:g} answers a second or more", actual=f"{rate:.1f}: {len(operations)} in {lasted:.2f} s")
    return passed(f"{rate:.0f} answers a second: {len(operations)} in {lasted:.2f} s")
