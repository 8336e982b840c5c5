"""Effect of a fault on the clients, by their clocks: computed from a steady load's requests and the faults' events. Pure.

t_fault is the time at which the effect of the first fault was observed.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hivecheck.errors import InconclusiveError
from hivecheck.history import CLIENT_LEFT, Event, History, Operation
from hivecheck.measurement.blast_radius import BlastRadius, blast_radius
from hivecheck.wording import listed

LOAD = "probe"
LEAST_BASELINE = 20  # requests: with fewer, the 95th percentile is just the slowest one


@dataclass(frozen=True)
class Objective:
    """The service level: what makes a window of `window_seconds` good.

    In a good window at least `share` of the requests are answered in full. 95 % of those have their first token within `ttft_factor` times
    the baseline. A baseline below `resolution_seconds` counts as `resolution_seconds`, because a busy machine adds about so much.
    With `allows_lateness` the limit grows by the load's own lateness in that window: the same busy machine also delays the stack.
    """

    share: float = 0.99
    window_seconds: float = 1.0
    ttft_factor: float = 2.0
    resolution_seconds: float = 0.125
    allows_lateness: bool = True


OBJECTIVE = Objective()
STRICT = replace(OBJECTIVE, allows_lateness=False)


@dataclass(frozen=True)
class Recovery:
    """One fault and its consequences. Times are seconds since t_fault. None means that it did not happen during the load.

    `recover` is the start of the first good window after which all windows are good. `heal` is the verified removal of the last fault.
    `scheduled` and `good` count the requests that the fault could affect: those in flight at the injection and all later ones.
    `outage_seconds` is the number of failed requests times the interval of the load. `burn` is the failed share over the allowed share.
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
        """What ended the outage: `none needed`, `self`, `heal`, or `none` for an outage that did not end.

        The stack recovered by itself if a whole window before the removal was good, or if only requests in flight failed.
        """
        if self.recover is None:
            return "none"
        if self.good == self.scheduled and self.recover == 0.0:
            return "none needed"
        is_own = self.heal is None or self.recover == 0.0 or self.recover + OBJECTIVE.window_seconds <= self.heal
        return "self" if is_own else "heal"


def measure(history: History, objective: Objective = OBJECTIVE, until: float | None = None) -> Recovery:
    """Compute it from history. `until`: while the load still runs, the time before which every request has ended.

    Raises InconclusiveError when history has too few requests.
    """
    injections = [event for event in history.events("fault") if event.data["what"] == "injected"]
    began, unsent = _load(history, is_over=until is None)
    if not injections:
        raise InconclusiveError("expected: a fault injected under a steady load\nactual: none")
    first = min(injections, key=lambda event: event.at)
    requests = _requests(history, math.inf if until is None else until)
    harm_at = harm_begins(first)
    limit, baseline = _limit([request for request in requests if (request.ended_at or math.inf) < harm_at], objective)
    gap, end = 1 / float(began.data["rate_per_second"]), requests[-1].intended_at or 0.0
    recovered_at = _recovered_at(requests, first.at, end + gap, limit, objective)
    touched = [request for request in requests if (request.ended_at or math.inf) >= harm_at and not _is_cut_short(request, limit)]
    bad = [request for request in touched if not request.is_answered]
    good = len(touched) - len(bad)
    healed_at = _healed_at(history, injections)
    spans = [(harm_begins(injection), injection.at) for injection in injections]
    return Recovery(
        faults=tuple(dict.fromkeys(str(injection.data["fault"]) for injection in injections)),
        fault_targets=tuple(dict.fromkeys(injection.node for injection in injections)),
        # A request can fail between the injection and its observed effect, before t_fault.
        detect=max(0.0, min(request.ended_at or 0.0 for request in bad) - first.at) if bad else None,
        recover=None if recovered_at is None else max(0.0, recovered_at - first.at),
        heal=None if healed_at is None else healed_at - first.at,
        watched=end + gap - first.at,
        scheduled=len(touched),
        good=good,
        outage_seconds=round(len(bad) * gap, 6),
        burn=(len(bad) / len(touched)) / (1 - objective.share),
        blast=blast_radius([one for one in history.operations(None) if one.purpose in (LOAD, "chat")], spans),
        baseline_ttft_p95=baseline,
        lateness_p99=percentile([lateness_seconds(request) for request in requests], 0.99),
        unsent=unsent,
    )


def harm_begins(injection: Event) -> float:
    """When a fault can have done its first harm: its injection began before its effect was observed."""
    return injection.at - float(injection.data.get("inject_seconds", 0.0))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed. 0 for no values."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0


def first_token_seconds(request: Operation) -> float:
    """From its scheduled time until its first token, or until its end for a unary answer."""
    at = request.tokens[0].at if request.tokens else request.ended_at or math.inf
    return at - _due(request)


def lateness_seconds(request: Operation) -> float:
    """How long after its scheduled time it was sent."""
    return max(0.0, request.started_at - _due(request))


def _due(request: Operation) -> float:
    # From the schedule, so that a late load generator does not hide an outage (coordinated omission).
    return request.started_at if request.intended_at is None else request.intended_at


def _load(history: History, *, is_over: bool) -> tuple[Event, int]:
    """The begin of the steady load, and how many of its requests were not sent."""
    marks = {event.data["what"]: event for event in history.events("load")}
    if "began" not in marks or (is_over and "ended" not in marks):
        raise InconclusiveError(f"expected: a steady load that began and ended\nactual: {listed(sorted(marks))}")
    return marks["began"], int(marks["ended"].data["unsent"]) if "ended" in marks else 0


def _requests(history: History, until: float) -> list[Operation]:
    requests = sorted(
        (request for request in history.operations(LOAD) if request.intended_at is not None and request.intended_at < until), key=_due
    )
    if not requests:
        raise InconclusiveError("expected: requests of a steady load\nactual: none")
    return requests


def _limit(before: Sequence[Operation], objective: Objective) -> tuple[float, float]:
    """The limit of the 95th percentile of TTFT in seconds, and its value before the fault."""
    good = [request for request in before if request.is_answered]
    if len(before) < LEAST_BASELINE or len(good) < objective.share * len(before):
        expected = f"at least {LEAST_BASELINE} load requests before the fault, {objective.share:.0%} of them answered"
        raise InconclusiveError(f"expected: {expected}\nactual: {len(good)} of {len(before)} answered")
    baseline = percentile([first_token_seconds(request) for request in good], 0.95)
    return objective.ttft_factor * max(baseline, objective.resolution_seconds), baseline


def _is_cut_short(request: Operation, limit_seconds: float) -> bool:
    """The load abandoned it at its end, before it was late enough to count as failed."""
    return request.error == CLIENT_LEFT and (request.ended_at or 0.0) - _due(request) < limit_seconds


def _recovered_at(requests: Sequence[Operation], fault_at: float, end: float, limit: float, objective: Objective) -> float | None:
    """The start of the first window after the last bad one. The fault's own time if no window is bad, None if the last one is."""
    dues = [_due(request) for request in requests]
    # Due times are sums of floats. Without 1e-9 a rounding error drops the last window.
    starts = [due for due in dues if due >= fault_at and due + objective.window_seconds <= end + 1e-9]
    if not starts:
        raise InconclusiveError(
            f"expected: a load that continues for {objective.window_seconds:g} s after the fault\nactual: {end - fault_at:.2f} s"
        )
    # Good windows before another bad one are no recovery, because the state must last.
    bad = -1
    for place, start in enumerate(starts):
        window = requests[bisect_left(dues, start) : bisect_left(dues, start + objective.window_seconds)]
        if not _is_good([request for request in window if not _is_cut_short(request, limit)], limit, objective):
            bad = place
    if bad == len(starts) - 1:
        return None
    return fault_at if bad < 0 else starts[bad + 1]


def _is_good(window: Sequence[Operation], limit: float, objective: Objective) -> bool:
    served = [first_token_seconds(request) for request in window if request.is_answered]
    lateness = percentile([lateness_seconds(request) for request in window], 0.95) if objective.allows_lateness else 0.0
    allowed = limit + lateness
    return bool(served) and len(served) >= objective.share * len(window) and percentile(served, 0.95) <= allowed


def _healed_at(history: History, injections: Sequence[Event]) -> float | None:
    """When the last fault was verified as removed. None as long as one is active."""
    removals = [event for event in history.events("fault") if event.data["what"] == "removed"]
    ends = []
    for injection in injections:
        own = [event.at for event in removals if (event.node, event.data["fault"]) == (injection.node, injection.data["fault"])]
        ends.append(min((at for at in own if at >= injection.at), default=math.inf))
    # The stack is whole only after the last removal, so one active fault leaves the time open.
    return max(ends) if max(ends) < math.inf else None
