"""How a stack took a fault, by its clients' clocks: a pure reckoning over history, from a steady load's probes and the faults' events.

t_fault is when the first strike was seen to bite. Every time of a probe is counted from when its schedule wanted it sent.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from hivecheck.errors import InconclusiveError
from hivecheck.history import Event, History, Operation
from hivecheck.measurement.blast_radius import BlastRadius, blast_radius

LOAD = "probe"
LEFT = "the client left"
LEAST_BASELINE = 20  # probes; of fewer a 95th percentile is no more than the slowest one


@dataclass(frozen=True)
class Objective:
    """What counts as served: a window of `window_seconds` in which at least `share` of the probes were answered in full, and 95 % of them
    had their first token within `ttft_factor` times the baseline's. A baseline below `resolution_seconds` counts as that: what a busy
    machine adds to such a short time would be taken for the stack's. For the same reason a window is allowed, on top, as much as the load
    itself was behind its schedule in it (`forgives_lateness`): who sends late is held up by the machine, and so is the stack beside it.
    """

    share: float = 0.99
    window_seconds: float = 1.0
    ttft_factor: float = 2.0
    resolution_seconds: float = 0.125
    forgives_lateness: bool = True


OBJECTIVE = Objective()


@dataclass(frozen=True)
class Recovery:
    """One fault and its consequences. Times in seconds since t_fault; None where it did not come to that while it was watched.

    `recover` is the start of the first good window after which all are good, `heal` when the last strike was verified as healed.
    `scheduled` and `good` count the probes that the fault could touch: those alive when it struck and all later ones.
    `outage_seconds` is the time in which whoever was due was not served; `burn` the share of bad ones over the share that may be bad.
    """

    faults: tuple[str, ...]
    fault_targets: tuple[str, ...]
    detect: float | None
    recover: float | None
    heal: float | None
    watched: float
    scheduled: int
    good: int
    outage_seconds: float
    burn: float
    blast: BlastRadius
    baseline_ttft_p95: float
    lateness_p99: float
    unsent: int

    @property
    def availability(self) -> float:
        return self.good / self.scheduled

    @property
    def cure(self) -> str:
        """What ended the outage: `none needed`, `self`, `heal`, or `none` for one that went on.

        It healed itself if it was normal for a whole window before it was healed, or if only those were hit who were under way.
        """
        if self.recover is None:
            return "none"
        if self.good == self.scheduled and self.recover == 0.0:
            return "none needed"
        is_own = self.heal is None or self.recover == 0.0 or self.recover + OBJECTIVE.window_seconds <= self.heal
        return "self" if is_own else "heal"


def measure(history: History, objective: Objective = OBJECTIVE, until: float | None = None) -> Recovery:
    """Reckon it from history; `until`: while the load goes on, the time before which every probe has ended.

    Raises InconclusiveError when history holds too little to tell.
    """
    injections = [event for event in history.events("fault") if event.data["what"] == "injected"]
    began, unsent = _load(history, is_over=until is None)
    if not injections:
        raise InconclusiveError("expected: a fault that struck under the load\nactual: none")
    first = min(injections, key=lambda event: event.at)
    probes = _probes(history, math.inf if until is None else until)
    harm_at = harm_begins(first)
    limit, baseline = _limit([probe for probe in probes if (probe.ended_at or math.inf) < harm_at], objective)
    gap, end = 1 / float(began.data["rate_per_second"]), probes[-1].intended_at or 0.0
    recovered_at = _recovered_at(probes, first.at, end + gap, limit, objective)
    touched = [probe for probe in probes if (probe.ended_at or math.inf) >= harm_at and not _is_cut_short(probe, limit)]
    bad = [probe for probe in touched if not probe.is_answered]
    good = len(touched) - len(bad)
    healed_at = _healed_at(history, injections)
    spans = [(harm_begins(injection), injection.at) for injection in injections]
    return Recovery(
        faults=tuple(dict.fromkeys(str(injection.data["fault"]) for injection in injections)),
        fault_targets=tuple(dict.fromkeys(injection.node for injection in injections)),
        detect=max(0.0, min(probe.ended_at or 0.0 for probe in bad) - first.at) if bad else None,
        recover=None if recovered_at is None else max(0.0, recovered_at - first.at),
        heal=None if healed_at is None else healed_at - first.at,
        watched=end + gap - first.at,
        scheduled=len(touched),
        good=good,
        outage_seconds=round(len(bad) * gap, 6),
        burn=(len(bad) / len(touched)) / (1 - objective.share),
        blast=blast_radius([one for one in history.operations(None) if one.purpose in (LOAD, "chat")], spans),
        baseline_ttft_p95=baseline,
        lateness_p99=percentile([lateness_seconds(probe) for probe in probes], 0.99),
        unsent=unsent,
    )


def harm_begins(injection: Event) -> float:
    """When a fault can have done its first harm: before it was seen to bite."""
    return injection.at - float(injection.data.get("inject_seconds", 0.0))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed; 0 for none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0


def first_token_seconds(probe: Operation) -> float:
    """From when it was due until its first token; until its end where it came in one piece."""
    at = probe.tokens[0].at if probe.tokens else probe.ended_at or math.inf
    return at - _due(probe)


def lateness_seconds(probe: Operation) -> float:
    """How far behind its schedule it was sent."""
    return max(0.0, probe.started_at - _due(probe))


def _due(probe: Operation) -> float:
    return probe.started_at if probe.intended_at is None else probe.intended_at


def _load(history: History, *, is_over: bool) -> tuple[Event, int]:
    """The beginning of the steady load, and how many of its requests were not sent."""
    told = {event.data["what"]: event for event in history.events("load")}
    if "began" not in told or (is_over and "ended" not in told):
        raise InconclusiveError(f"expected: a steady load that began and ended\nactual: {sorted(told) or 'none'}")
    return told["began"], int(told["ended"].data["unsent"]) if "ended" in told else 0


def _probes(history: History, until: float) -> list[Operation]:
    probes = sorted((probe for probe in history.operations(LOAD) if probe.intended_at is not None and probe.intended_at < until), key=_due)
    if not probes:
        raise InconclusiveError("expected: probes of a steady load\nactual: none")
    return probes


def _limit(before: Sequence[Operation], objective: Objective) -> tuple[float, float]:
    """The longest a 95th percentile of first tokens may be, and what it was before the fault."""
    good = [probe for probe in before if probe.is_answered]
    if len(before) < LEAST_BASELINE or len(good) < objective.share * len(before):
        expected = f"at least {LEAST_BASELINE} probes before the fault, {objective.share:.0%} of them answered"
        raise InconclusiveError(f"expected: {expected}\nactual: {len(good)} of {len(before)} answered")
    baseline = percentile([first_token_seconds(probe) for probe in good], 0.95)
    return objective.ttft_factor * max(baseline, objective.resolution_seconds), baseline


def _is_cut_short(probe: Operation, limit_seconds: float) -> bool:
    """Given up by the load when it ended, before anybody could call it bad."""
    return probe.error == LEFT and (probe.ended_at or 0.0) - _due(probe) < limit_seconds


def _recovered_at(probes: Sequence[Operation], fault_at: float, end: float, limit: float, objective: Objective) -> float | None:
    """The start of the first window after the last bad one; the fault's own time if none is bad, None if the last one is."""
    dues = [_due(probe) for probe in probes]
    starts = [due for due in dues if due >= fault_at and due + objective.window_seconds <= end + 1e-9]
    if not starts:
        raise InconclusiveError(
            f"expected: a load that goes on for {objective.window_seconds:g} s after the fault\nactual: {end - fault_at:.2f} s"
        )
    bad = -1
    for place, start in enumerate(starts):
        window = probes[bisect_left(dues, start) : bisect_left(dues, start + objective.window_seconds)]
        if not _is_good([probe for probe in window if not _is_cut_short(probe, limit)], limit, objective):
            bad = place
    if bad == len(starts) - 1:
        return None
    return fault_at if bad < 0 else starts[bad + 1]


def _is_good(window: Sequence[Operation], limit: float, objective: Objective) -> bool:
    served = [first_token_seconds(probe) for probe in window if probe.is_answered]
    forgiven = percentile([lateness_seconds(probe) for probe in window], 0.95) if objective.forgives_lateness else 0.0
    allowed = limit + forgiven
    return bool(served) and len(served) >= objective.share * len(window) and percentile(served, 0.95) <= allowed


def _healed_at(history: History, injections: Sequence[Event]) -> float | None:
    """When the last of the strikes was verified as healed; None as long as one is active."""
    healed = [event for event in history.events("fault") if event.data["what"] == "removed"]
    ends = []
    for injection in injections:
        own = [event.at for event in healed if (event.node, event.data["fault"]) == (injection.node, injection.data["fault"])]
        ends.append(min((at for at in own if at >= injection.at), default=math.inf))
    return max(ends) if max(ends) < math.inf else None
