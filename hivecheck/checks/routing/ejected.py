"""After a worker broke off a request, it received no further one for a while, and then it received some again."""

from __future__ import annotations

from hivecheck.checks.facts import Workers, without_alternative
from hivecheck.history import Event, History
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed
from hivecheck.wording import agreeing, counted, listed

# Requests come one after the other and take turns, so the second one after the ejection can be the worker's. The rest is a margin.
MOST_ELSEWHERE = 4


def ejected(history: History, *, worker: str, seconds: float, workers: Workers) -> Verdict:
    """Judges the time after the last failure of `worker`, for requests that come one after the other. `workers`: worker -> its models."""
    arrivals = sorted((line for one in history.operations() for line in history.arrivals(one)), key=lambda line: line.at)
    failures = [line for line in history.journal("end") if line.node == worker and line.data.get("outcome") == "failed"]
    again = [line for line in arrivals if failures and line.node != worker and line.at > failures[-1].at]
    if not again:
        actual = f"{counted(len(failures), 'failure')}, {counted(len(again), 'arrival')} elsewhere after the last one"
        return inconclusive(expected=f"a failure of {worker} in its journal, and requests afterwards", actual=actual)
    if alone := without_alternative(history.operations(), workers):
        return alone
    failed_at = failures[-1].at
    early = [line for line in arrivals if line.node == worker and failed_at < line.at < failed_at + seconds]
    if early:
        after = listed(f"{line.at - failed_at:.2f} s" for line in early)
        return failed(expected=f"no request reaches {worker} once it has failed, for {seconds:g} s", actual=f"arrivals after {after}")
    # The first of them is the second attempt of the failed request, and no gateway repeats that one at the same worker.
    between = [line for line in again[1:] if line.at < failed_at + seconds]
    if not between:
        return no_room(expected=f"requests within {seconds:g} s of the failure, which {worker} could receive", actual="none")
    return _judge_return(worker, arrivals, again[0].at + seconds, len(between))


def _judge_return(worker: str, arrivals: list[Event], over_at: float, spared: int) -> Verdict:
    """`over_at`: when the ejection ended at the latest. It began before the second attempt of the failed request."""
    later = [line.node for line in arrivals if line.at > over_at]
    if worker in later:
        requests = counted(spared, "request")
        return passed(f"{requests} {agreeing(spared, 'was', 'were')} kept from {worker}, and it received one again")
    if len(later) <= MOST_ELSEWHERE:
        return inconclusive(
            expected=f"more than {counted(MOST_ELSEWHERE, 'request')} after the ejection of {worker}", actual=f"{len(later)}"
        )
    return failed(expected=f"{worker} receives requests again after its ejection", actual=f"{counted(len(later), 'request')} elsewhere")
