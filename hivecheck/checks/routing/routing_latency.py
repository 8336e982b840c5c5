"""Requests reached their worker soon after their client sent them: the choice of a worker took no longer than its budget."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

# One in ten may have met a busy machine; a slow choice is slow for all.
SHARE = 0.9
ENOUGH = 20


def routing_latency(history: History, *, seconds: float) -> Verdict:
    """`seconds`: from the client's start to the arrival in a worker's journal, for nine of ten requests; more than the choice alone."""
    operations = history.operations()
    times = sorted(history.arrivals(one)[0].at - one.started_at for one in operations if history.arrivals(one))
    if len(times) < max(ENOUGH, len(operations)):
        return inconclusive(expected=f"{ENOUGH} requests or more, each in a journal", actual=f"{len(times)} of {len(operations)}")
    slow = times[int(SHARE * (len(times) - 1))]
    if slow > seconds:
        return failed(expected=f"{SHARE:.0%} of {len(times)} requests at a worker within {seconds:g} s", actual=f"{slow:.3f} s")
    return passed(f"{SHARE:.0%} of {len(times)} requests at a worker within {slow:.4f} s, the median {times[len(times) // 2]:.4f} s")
