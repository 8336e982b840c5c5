"""No retryable load request failed. A request is retryable until its first response byte."""

from __future__ import annotations

from hivecheck.history import CLIENT_LEFT, History, Operation
from hivecheck.measurement.recovery import LOAD, harm_begins
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted


def zero_failed(history: History) -> Verdict:
    """Judges the load requests in flight at the injection and all later ones."""
    injections = [event for event in history.events("fault") if event.data["what"] == "injected"]
    requests = [request for request in history.operations(LOAD) if request.error != CLIENT_LEFT]
    expected = "every retryable request is answered"
    if not injections or not any(event.data["what"] == "ended" for event in history.events("load")):
        actual = f"{counted(len(requests), 'request')}, {counted(len(injections), 'injected fault')}"
        return inconclusive(expected="a fault, and a load that has ended", actual=actual)
    after = [request for request in requests if (request.ended_at or 0.0) >= min(map(harm_begins, injections))]
    if not after:
        return inconclusive(expected=expected, actual="no request was in flight at the injection or sent later")
    lost = [request for request in after if not request.is_answered and not _has_begun(request)]
    if lost:
        return failed(
            expected=expected, actual=f"{len(lost)} of {counted(len(after), 'request')} failed; the first is {lost[0].sentence()}"
        )
    begun = sum(not request.is_answered for request in after)
    return passed(
        f"{counted(len(after), 'request')} under the fault: {len(after) - begun} answered, {begun} broke off after the first byte"
    )


def _has_begun(request: Operation) -> bool:
    # The gateway holds the headers back until the first byte. So a 2xx means that another attempt came too late.
    return request.status is not None and 200 <= request.status < 300
