"""No request of the steady load was lost that could have been tried again: one of which its client had not got a byte."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.measurement.recovery import LEFT, LOAD, harm_begins
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def zero_failed(history: History) -> Verdict:
    """Headers are held until the first byte: an answer that has begun with a 2xx can not be tried again, any other can."""
    injections = [event for event in history.events("fault") if event.data["what"] == "injected"]
    probes = [probe for probe in history.operations(LOAD) if probe.error != LEFT]
    expected = "every request answered that could be tried again"
    if not injections or not any(event.data["what"] == "ended" for event in history.events("load")):
        return inconclusive(
            expected=f"{expected}, of a load that came to its end", actual=f"{len(probes)} requests, {len(injections)} strikes"
        )
    after = [probe for probe in probes if (probe.ended_at or 0.0) >= min(map(harm_begins, injections))]
    if not after:
        return inconclusive(expected=expected, actual="no request was under way when the fault struck, or sent later")
    lost = [probe for probe in after if not probe.is_answered and not _has_begun(probe)]
    if lost:
        return failed(expected=expected, actual=f"{len(lost)} of {len(after)} not, the first is {lost[0].sentence()}")
    begun = sum(not probe.is_answered for probe in after)
    return passed(f"{len(after)} requests under the fault: {len(after) - begun} answered, {begun} had begun and broke off")


def _has_begun(probe: Operation) -> bool:
    return probe.status is not None and 200 <= probe.status < 300
