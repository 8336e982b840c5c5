"""No request of the steady load was lost that could have been tried again: one of which its client had not got a byte."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.measurement.recovery import LEFT, PROBE, harm_begins
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def judge(history: History) -> Verdict:
    """Headers are held until the first byte: an answer that has begun with a 2xx can not be tried again, any other can."""
    strikes = [event for event in history.events("fault") if event.data["what"] == "struck"]
    probes = [probe for probe in history.operations(PROBE) if probe.error != LEFT]
    wanted = "every request answered that could be tried again"
    if not strikes or not any(event.data["what"] == "ended" for event in history.events("load")):
        return inconclusive(wanted=f"{wanted}, of a load that came to its end", got=f"{len(probes)} requests, {len(strikes)} strikes")
    after = [probe for probe in probes if (probe.ended_at or 0.0) >= min(map(harm_begins, strikes))]
    if not after:
        return inconclusive(wanted=wanted, got="no request was under way when the fault struck, or sent later")
    lost = [probe for probe in after if not probe.is_answered and not _has_begun(probe)]
    if lost:
        return failed(wanted=wanted, got=f"{len(lost)} of {len(after)} not, the first is {lost[0].sentence()}")
    begun = sum(not probe.is_answered for probe in after)
    return passed(f"{len(after)} requests under the fault: {len(after) - begun} answered, {begun} had begun and broke off")


def _has_begun(probe: Operation) -> bool:
    return probe.status is not None and 200 <= probe.status < 300
