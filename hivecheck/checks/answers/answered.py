"""Every request got a whole 2xx answer: all of them, those after an event, or those during a fault or a change of the cluster."""

from __future__ import annotations

from hivecheck.history import CLIENT_LEFT, History, Operation
from hivecheck.measurement.recovery import LOAD
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import agreeing, counted

ONLY_LOAD = 'no client request was sent; load requests are judged by "every load request was answered"'
CHANGES = ("started", "removed")  # the acts that change which workers exist


def all_answered(history: History, *, count: int | None = None, purpose: str = "chat", may_leave: bool = False) -> Verdict:
    """`count` is the number of requests of that purpose that the scenario sends. None accepts any number above 0.

    With `may_leave`, a request that its own client abandoned does not count.
    """
    operations = [one for one in history.operations(purpose) if not (may_leave and one.error == CLIENT_LEFT)]
    expected = "every request is answered" if count is None else f"{counted(count, 'request is', 'requests are')} answered"
    if not operations and purpose != LOAD and history.operations(LOAD):
        return inconclusive(expected=expected, actual=ONLY_LOAD)
    if not operations or count not in (None, len(operations)):
        return inconclusive(expected=expected, actual=f"{counted(len(operations), 'request was', 'requests were')} sent")
    return _judge(operations, expected) or passed(f"{counted(len(operations), 'request was', 'requests were')} answered")


def answered_after(history: History, *, node: str, what: str) -> Verdict:
    """Judges the requests that began after the last act `what` on `node`."""
    acts = [event.at for event in history.acts(node) if event.data.get("what") == what]
    later = [operation for operation in history.operations() if acts and operation.started_at > acts[-1]]
    if not later:
        return inconclusive(
            expected=f"requests sent after {node} was {what}", actual=f"none; {node} was {what} {counted(len(acts), 'time')}"
        )
    expected = f"every request sent after {node} was {what} is answered"
    return _judge(later, expected) or passed(f"{counted(len(later), 'later request was', 'later requests were')} answered")


def served_again(history: History, *, worker: str) -> Verdict:
    """`worker` answered load requests that were due after its last fault was removed. The answer and the journal must both name it."""
    removed = [event.at for event in history.events("fault", worker) if event.data["what"] == "removed"]
    later = [request for request in history.operations(LOAD) if removed and (request.intended_at or request.started_at) > removed[-1]]
    if not later:
        return inconclusive(
            expected=f"load requests due after the fault of {worker} was removed",
            actual=f"none; {counted(len(removed), 'fault was', 'faults were')} removed from {worker}",
        )
    named = [request for request in later if request.is_answered and request.header("X-Worker-Id") == worker]
    # The header is the gateway's claim. The journal proves that the worker received the request.
    served = [request for request in named if any(line.node == worker for line in history.arrivals(request))]
    if not served:
        return failed(
            expected=f"{worker} answers some of {counted(len(later), 'request')}",
            actual=f"none by its journal; {counted(len(named), 'answer names', 'answers name')} it",
        )
    return passed(f"{worker} answered {len(served)} of {counted(len(later), 'request')}")


def served_meanwhile(history: History, *, at_least: int) -> Verdict:
    """At least `at_least` load requests were due between injection and removal, and as many of them were answered.

    Fewer due requests are too little load. Enough due requests with fewer answers are a failure.
    """
    at = {what: [event.at for event in history.events("fault") if event.data["what"] == what] for what in ("injected", "removed")}
    expected = f"at least {counted(at_least, 'request')} due while a fault was active"
    if not at["injected"]:
        return inconclusive(expected=expected, actual="no fault was injected")
    begin, end = min(at["injected"]), max(at["removed"], default=float("inf"))
    due = [request for request in history.operations(LOAD) if begin <= (request.intended_at or request.started_at) < end]
    answered = [request for request in due if request.is_answered]
    if len(due) < at_least:
        return inconclusive(expected=expected, actual=f"{len(due)}")
    if len(answered) < at_least:
        bad = next(request for request in due if not request.is_answered)
        return failed(
            expected=f"at least {counted(at_least, 'request')} due during the fault {agreeing(at_least, 'is', 'are')} answered",
            actual=f"{len(answered)} of {len(due)}; the first failure is {bad.sentence()}",
        )
    return passed(f"{len(answered)} of {counted(len(due), 'request')} due during the fault were answered")


def survived_churn(history: History, *, at_least: int) -> Verdict:
    """Every request was answered, and at least `at_least` of them were in flight between the first and the last change of the cluster."""
    times = [event.at for event in history.acts() if event.data.get("what") in CHANGES]
    # A request that its own client abandoned is no failure of the gateway.
    operations = [operation for operation in history.operations(None) if operation.error != CLIENT_LEFT]
    if not times:
        return inconclusive(expected="workers are started and removed", actual="no worker was started or removed")
    first, last = min(times), max(times)
    meanwhile = [operation for operation in operations if (operation.ended_at or last) >= first and operation.started_at <= last]
    if len(meanwhile) < at_least:
        expected = f"at least {counted(at_least, 'request')} in flight while workers were started and removed"
        return inconclusive(expected=expected, actual=f"{len(meanwhile)}")
    expected = "every request is answered while workers are started and removed"
    return _judge(operations, expected) or passed(
        f"{counted(len(operations), 'request was', 'requests were')} answered, {len(meanwhile)} of them while the cluster changed"
    )


def _judge(operations: list[Operation], expected: str) -> Verdict | None:
    """A failure that names the first request without an answer. None if every request was answered."""
    bad = [operation for operation in operations if not operation.is_answered]
    actual = f"{len(bad)} of {counted(len(operations), 'request')} not answered; the first is {bad[0].sentence()}" if bad else ""
    return failed(expected=expected, actual=actual) if bad else None
