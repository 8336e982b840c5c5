"""The rounds of a soak and its one timeline: load, faults, recoveries and the floors of resources, from a history. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hivecheck.errors import InconclusiveError
from hivecheck.history import INJECTED, REMOVED, Event, History
from hivecheck.measurement.floors import cycles, floors
from hivecheck.measurement.recovery import LOAD, Recovery, first_token_seconds, measure, percentile

BEGAN, ROUND, ENDED = "began", "round", "ended"  # `what` of the events of kind `soak`
Entry = dict[str, Any]


@dataclass(frozen=True)
class Round:
    """One round of load, drain and idle. Times are monotonic seconds. `recovery` is that of a round with faults."""

    number: int
    began: float
    load_ended: float
    ended: float
    faults: int
    history: History

    @property
    def recovery(self) -> Recovery | None:
        """None without a fault, or with too few requests before it."""
        try:
            return measure(self.history) if self.faults else None
        except InconclusiveError:
            return None


def began(history: History) -> Event | None:
    """The start of the soak, with its plan; None for a scenario without one."""
    return next((event for event in history.events("soak") if event.data["what"] == BEGAN), None)


def is_whole(history: History) -> bool:
    """Whether the soak came to its end."""
    return any(event.data["what"] == ENDED for event in history.events("soak"))


def rounds(history: History) -> list[Round]:
    """The rounds that ended, in their order."""
    return [round_of(history, event) for event in history.events("soak") if event.data["what"] == ROUND]


def round_of(history: History, event: Event) -> Round:
    """The round of one event."""
    data = event.data
    part = history.between(data["began"], event.at)
    return Round(data["number"], data["began"], data["load_ended"], event.at, data["faults"], part)


def timeline(history: History, done: list[Round]) -> list[Entry]:
    """Everything that happened, by time. `at_seconds` count from the start of the soak.

    A round that was interrupted has its faults only.
    """
    start = began(history)
    if start is None:
        return []
    found = [*_faults(history), *(entry for one in done for entry in entries(one))]
    for event in history.events("soak"):
        if event.data["what"] == ENDED:
            found.append((event.at, {"kind": "end"}))
    return [{"at_seconds": round(at - start.at, 3)} | entry for at, entry in sorted(found, key=lambda each: each[0])]


def entries(one: Round) -> Iterator[tuple[float, Entry]]:
    """What one round adds to the timeline, less its faults: the load, the recovery, the floors."""
    requests = one.history.operations(LOAD)
    answered = [first_token_seconds(request) for request in requests if request.is_answered]
    load = {"sent": len(requests), "answered": len(answered), "failed": len(requests) - len(answered)}
    ttft = {f"ttft_p{share * 100:g}_seconds": round(percentile(answered, share), 6) for share in (0.5, 0.99)}
    yield one.began, {"kind": "load", "round": one.number, "for_seconds": round(one.load_ended - one.began, 3)} | load | ttft
    if recovery := one.recovery:
        fault_at = min(event.at for event in one.history.events("fault") if event.data["what"] == INJECTED)
        figures = {"round": one.number, "recovered_after_seconds": recovery.recover, "outage_seconds": recovery.outage_seconds}
        is_back = recovery.recover is not None
        yield fault_at + (recovery.recover or 0.0) if is_back else one.load_ended, {"kind": "recovery", "is_back": is_back} | figures
    held = next((cycle.held for cycle in cycles(one.history)), None)
    yield one.ended, {"kind": "floors", "round": one.number, "held": held, "processes": _floors(one.history)}


def fault_entry(event: Event) -> Entry:
    """An injection or a removal as an entry of the timeline."""
    kind = {INJECTED: "fault injected", REMOVED: "fault removed"}[event.data["what"]]
    return {"kind": kind, "fault": event.data["fault"], "target": event.node}


def _faults(history: History) -> Iterator[tuple[float, Entry]]:
    for event in history.events("fault"):
        yield event.at, fault_entry(event)


def _floors(history: History) -> dict[str, dict[str, float]]:
    """Process -> resource -> its lowest reading. A process that was started again in the round counts with its last readings."""
    found: dict[str, dict[str, float]] = {}
    for one in floors(history):
        if one.values:
            found.setdefault(one.process, {})[one.resource] = one.values[-1]
    return found
