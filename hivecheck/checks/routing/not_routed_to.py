"""The gateway sent no request of the scenario to one worker, or to any worker at all."""

from __future__ import annotations

from collections import Counter

from hivecheck.checks.facts import Workers
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import agreeing, counted, figures, listed


def nothing_upstream(history: History, *, workers: Workers) -> Verdict:
    """No journal of any worker has an arrival. A scenario without a request has nothing to judge. `workers`: worker -> its models."""
    operations = history.operations()
    if not operations:
        return inconclusive(expected="requests that no worker receives", actual="no request was sent")
    if lines := history.journal("arrival"):
        arrived = [f"{line.data.get('request_id')} for {line.data.get('path')} at {line.node}" for line in lines[:5]]
        return failed(expected="no worker receives a request", actual=f"{counted(len(lines), 'arrival')}: {listed(arrived)}")
    if not workers:
        return no_room(expected="a worker that could receive the requests", actual="the stack has none")
    return passed(f"{counted(len(operations), 'request')}, none reached a worker")


def spared(history: History, *, worker: str, workers: Workers) -> Verdict:
    """Other workers received every request, and `worker`, which had the longest queue, received none. `workers`: worker -> its models."""
    operations = history.operations()
    counts = Counter(line.node for operation in operations for line in history.arrivals(operation))
    requests, arrivals = counted(len(operations), "request"), figures(counts | {worker: counts[worker]})
    if not operations or any(not history.arrivals(operation) for operation in operations):
        return inconclusive(expected="every request is in the journal of a worker", actual=f"{requests}, arrivals {arrivals}")
    if counts[worker]:
        reached = f"none of {requests} {agreeing(len(operations), 'reaches', 'reach')} {worker}"
        return failed(expected=reached, actual=f"arrivals {arrivals}")
    if foreign := sorted({operation.model for operation in operations} - set(workers.get(worker, ()))):
        return no_room(expected=f"requests for models that {worker} serves", actual=f"requests for {listed(foreign)}")
    return passed(f"{requests}: arrivals {arrivals}")
