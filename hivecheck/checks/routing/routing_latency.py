"""Requests reach their worker soon after their client sends them, so the choice of a worker is within its budget."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

# One request in ten may be late because the machine is busy. A slow choice makes every request late.
SHARE = 0.9
ENOUGH = 20


def routing_latency(history: History, *, seconds: float) -> Verdict:
    """`seconds`: from the client's start to the arrival in a journal, for nine of ten requests. This includes more than the choice."""
    operations = history.operations()
    times = sorted(history.arrivals(one)[0].at - one.started_at for one in operations if history.arrivals(one))
    if len(times) < max(ENOUGH, len(operations)):
        return inconclusive(expected=f"at least {ENOUGH} requests, each in a journal", actual=f"{len(times)} of {len(operations)}")
    slow = times[int(SHARE * (len(times) - 1))]
    if slow > seconds:
        return failed(
            expected=f"{SHARE:.0%} of {counted(len(times), 'request')} reach a worker within {seconds:g} s", actual=f"{slow:.3f} s"
        )
    return passed(
        f"{SHARE:.0%} of {counted(len(times), 'request')} reached a worker within {slow:.4f} s, median {times[len(times) // 2]:.4f} s"
    )
