"""The load really ran while the fault was active: so many requests were due and answered between strike and healing."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.measurement.recovery import LOAD
from hivecheck.verdict import Verdict, failed, inconclusive, passed


def served_meanwhile(history: History, *, at_least: int) -> Verdict:
    """Too few that were due prove nothing; enough that were due and too few answered in full by then is a failure."""
    told = {what: [event.at for event in history.events("fault") if event.data["what"] == what] for what in ("injected", "removed")}
    if not told["injected"]:
        return inconclusive(expected=f"{at_least} requests while a fault was active", actual="no fault struck")
    begin, end = min(told["injected"]), max(told["removed"], default=float("inf"))
    due = [probe for probe in history.operations(LOAD) if begin <= (probe.intended_at or probe.started_at) < end]
    answered = [probe for probe in due if probe.is_answered]
    if len(due) < at_least:
        return inconclusive(expected=f"{at_least} requests while the fault was active", actual=f"{len(due)}")
    if len(answered) < at_least:
        bad = next(probe for probe in due if not probe.is_answered)
        return failed(
            expected=f"{at_least} requests answered of those sent under the fault",
            actual=f"{len(answered)} of {len(due)}; {bad.sentence()}",
        )
    return passed(f"{len(answered)} of {len(due)} requests that were sent under the fault were answered")
