"""The gateway sent requests of the last load a second time. Without a retry its latencies say nothing about retries."""

from __future__ import annotations

from hivecheck.checks.load.load_facts import LOAD_RUN
from hivecheck.history import History
from hivecheck.verdict import Verdict, inconclusive, passed
from hivecheck.wording import counted


def retried(history: History, *, at_least: int) -> Verdict:
    """Counts the arrivals with a further attempt during the last run. It has no FAILED: the latencies of the run judge the retries."""
    runs = history.events(LOAD_RUN)[-1:]
    arrivals = [line for run in runs for line in history.journal("arrival") if run.data["began"] <= line.at <= run.at]
    attempts = [line.data["headers"].get("x-attempts", "1") for line in arrivals]
    count = sum(attempt != "1" for attempt in attempts)
    if count < at_least:
        return inconclusive(
            expected=counted(at_least, "retry", "retries"),
            actual=f"{count} among {counted(len(arrivals), 'arrival')}",
            remedy="let workers fail more often",
        )
    return passed(counted(count, "retry", "retries"))
