"""The queue of a worker: what others have there by its last report, and what this gateway has there now."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from orchestrator_stage import entry

from services import wire
from services.orchestrator.request.in_flight import InFlight
from services.orchestrator.request.recent_peaks import MEMORY_SECONDS, RecentPeaks
from services.orchestrator.routing.reported_queues import LONGEST_SECONDS, ReportedQueues
from services.orchestrator.routing.view import view_of

START = 1000.0
SLOTS = 1


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


def report(running: int, waiting: int, age_seconds: float = 0.0, heartbeat_age_seconds: float = 0.0) -> wire.ServiceEntry:
    metrics = {"running": float(running), "waiting": float(waiting), "age_seconds": age_seconds}
    return entry("w1", metrics=metrics, heartbeat_age_seconds=heartbeat_age_seconds)


def others(queues: ReportedQueues, reported: wire.ServiceEntry, now: float) -> float:
    queues.apply(view_of(wire.ServiceList(instance="one", revision=1, services=(reported,))), now)
    return queues.of_others("w1", now)


moments = st.lists(st.tuples(st.floats(0.0, 0.3), st.booleans()), min_size=1, max_size=40)


@given(moments, st.floats(0.0, 1.0), st.integers(0, 39))
def test_own_requests_never_count_as_others(steps: list[tuple[float, bool]], delay_seconds: float, measured: int) -> None:
    """Without other clients the queue of others is 0, however late a report arrives and whatever ended or began since."""
    clock, open_ = Clock(), []
    in_flight = InFlight(clock)
    queues = ReportedQueues(in_flight.most)
    measured_at, count = START, 0
    for number, (pause, is_start) in enumerate(steps):
        clock.now += pause
        if is_start:
            open_.append(in_flight.attempt("w1"))
            open_[-1].__enter__()
        elif open_:
            open_.pop().__exit__(None, None, None)
        if number <= measured:
            measured_at, count = clock.now, len(open_)
    clock.now += delay_seconds
    late = report(min(SLOTS, count), max(0, count - SLOTS), clock.now - measured_at)
    assert others(queues, late, clock.now) == 0


@given(st.integers(0, 20), st.integers(2, 20))
def test_requests_of_others_count(own: int, foreign: int) -> None:
    """The requests of other clients count as far as they wait, however many of this gateway wait with them."""
    queues = ReportedQueues(lambda worker_id, since, until: own)
    both = own + foreign
    assert others(queues, report(SLOTS, both - SLOTS), START) == min(both - SLOTS, foreign)


def test_report_compared_with_its_own_time() -> None:
    """A report is compared with the requests at the time of its measurement, not of its arrival."""
    asked = []
    queues = ReportedQueues(lambda worker_id, since, until: asked.append((since, until)) or 0)  # type: ignore[func-returns-value]
    others(queues, report(1, 4, age_seconds=0.5, heartbeat_age_seconds=1.0), START)
    [(since, until)] = asked
    assert since < START - 1.5 < until < START - 1.0


def test_repeated_entry_keeps_its_time() -> None:
    """An entry that a later view repeats is the same report, at the time of its measurement."""
    queues = ReportedQueues(lambda worker_id, since, until: 0)
    reported = report(1, 4)
    assert others(queues, reported, START) == 4
    assert others(queues, reported, START + LONGEST_SECONDS + 1) == 0
    assert others(queues, msgspec.structs.replace(reported), START + LONGEST_SECONDS + 1) == 4


def test_old_report_forgotten() -> None:
    """A report that no newer one follows counts for a limited time."""
    queues = ReportedQueues(lambda worker_id, since, until: 0)
    others(queues, report(1, 4), START)
    assert (queues.of_others("w1", START + LONGEST_SECONDS - 1), queues.of_others("w1", START + LONGEST_SECONDS + 1)) == (4, 0)


def test_removed_worker_forgotten() -> None:
    """The counters of a removed worker are dropped."""
    clock = Clock()
    in_flight = InFlight(clock)
    with in_flight.attempt("w1"):
        pass
    assert in_flight.most("w1", START - 1, START + 1) == 1
    in_flight.forget_all_but({"w2"})
    assert in_flight.most("w1", START - 1, START + 1) == 0


@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 9)), min_size=1, max_size=60),
    st.floats(0.0, MEMORY_SECONDS - 1),
    st.floats(0.0, 1.0),
)
def test_peak_covers_exact_maximum(changes: list[tuple[float, int]], ago_seconds: float, span_seconds: float) -> None:
    """The peak of a recent span is never below the exact maximum of that span."""
    peaks, now, exact = RecentPeaks(), START, [(START - MEMORY_SECONDS, 0)]
    for pause, count in changes:
        now += pause
        peaks.record(count, now)
        exact.append((now, count))
    since = now - ago_seconds
    until = since + span_seconds
    before = [count for at, count in exact if at <= since][-1]
    assert peaks.most(since, until) >= max([before, *(count for at, count in exact if since <= at <= until)])


def test_peaks_bounded() -> None:
    """The memory of the peaks is bounded in time, not by the number of requests."""
    peaks = RecentPeaks()
    for number in range(20_000):
        peaks.record(number % 7, START + number / 500)
    assert len(peaks._slots) <= 203
    assert peaks.most(START + 39, START + 40) == 6
