"""The runs of the last load are the same load: equal schedules, and equal bodies at the workers."""

from __future__ import annotations

from collections import Counter

from hivecheck.checks.load.load_facts import LOAD_RUN, groups
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted


def same_schedule(history: History) -> Verdict:
    """Compares the digests of the schedules, and the hashes of the bodies that arrived during each run."""
    runs = groups(history)[-1] if groups(history) else []
    if len(runs) < 2:
        return inconclusive(expected="a load that ran twice", actual=counted(len(runs), "run"))
    if len({run["digest"] for run in runs}) > 1:
        return failed(expected="one schedule for one seed", actual=", ".join(run["digest"][:8] for run in runs))
    events = history.events(LOAD_RUN)[-len(runs) :]
    arrived = [_bodies(history, event.data["began"], event.at) for event in events]
    # Each run warms up with a request that is not part of its schedule.
    if any(sum(bodies.values()) <= run["totals"]["sent"] for bodies, run in zip(arrived, runs, strict=True)):
        return inconclusive(expected="an arrival of each request", actual=", ".join(str(sum(bodies.values())) for bodies in arrived))
    if any(bodies != arrived[0] for bodies in arrived):
        return failed(
            expected="the same bodies in each run", actual=f"{counted(len(arrived[0] - arrived[1]), 'body', 'bodies')} of the first only"
        )
    return passed(f"{counted(sum(arrived[0].values()), 'request')}, the same in each run")


def _bodies(history: History, begin: float, end: float) -> Counter[str]:
    return Counter(str(line.data["body_sha256"]) for line in history.journal("arrival") if begin <= line.at <= end)
