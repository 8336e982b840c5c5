"""The gateway answers at least so many requests per second, from the first one sent to the last one answered."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def throughput(history: History, *, per_second: float) -> Verdict:
    """`per_second`: the minimum rate."""
    operations = history.operations()
    # Requests for less than two seconds are one burst and show no rate.
    if len(operations) < 2 * per_second:
        return inconclusive(expected=f"at least {2 * per_second:g} requests", actual=f"{len(operations)}")
    if refused := [one.sentence() for one in operations if not one.is_answered]:
        return failed(expected="every request is answered", actual="; ".join(refused))
    lasted = max(one.ended_at or 0.0 for one in operations) - min(one.started_at for one in operations)
    rate = len(operations) / lasted if lasted > 0 else float("inf")
    if rate < per_second:
        return failed(expected=f"at least {per_second:g} answers per second", actual=f"{rate:.1f}: {len(operations)} in {lasted:.2f} s")
    return passed(f"{rate:.0f} answers per second: {len(operations)} in {lasted:.2f} s")
