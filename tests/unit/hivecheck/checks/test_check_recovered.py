"""Check: recovered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from load_stories import between, injected, load, lost, removed
from stories import FAILED, INCONCLUSIVE, PASSED, must_say

from hivecheck.checks.recovery.recovered import LARGER_MODEL, OFF_SCHEDULE, recovered
from hivecheck.errors import InconclusiveError, Reason
from hivecheck.history import Operation

OUTAGE = between(4.0, 6.0, lost)


def test_recovery_in_time_passes() -> None:
    """A recovery within the limit passes."""
    must_say(recovered(load(OUTAGE), within=3.0, workers=3), PASSED, "after 2.00 s")


def test_late_recovery_fails() -> None:
    """A recovery after the limit fails."""
    must_say(recovered(load(OUTAGE), within=1.5, workers=3), FAILED, "after 2.00 s")


def test_no_recovery_fails() -> None:
    """A stack that does not recover fails."""
    must_say(recovered(load(between(4.0, 10.0, lost)), within=3.0, workers=3), FAILED, "not in 6.00 s")


def test_short_watch_is_inconclusive() -> None:
    """A load that ends before the limit gives no verdict."""
    must_say(recovered(load(between(4.0, 10.0, lost), until=6.0), within=3.0, workers=3), INCONCLUSIVE, "not yet")


def test_hiccup_at_the_end_needs_later_requests() -> None:
    """A hiccup in the last window gives no verdict. Later good requests give one, and it counts the hiccup."""
    hiccup = between(6.8, 7.0, lost)
    must_say(recovered(load(hiccup, until=7.0), within=3.5, workers=3), INCONCLUSIVE, "not yet at the end of the load, after 3.00 s")
    must_say(recovered(load(hiccup), within=3.5, workers=3), PASSED, "after 3.00 s")
    must_say(recovered(load(hiccup), within=2.5, workers=3), FAILED, "after 3.00 s")


def test_removal_time_counts() -> None:
    """With `of_healing` the time counts from the removal, however many workers had faults."""
    until_healed = load(between(4.0, 7.0, lost), faults=[injected(), removed(6.5)])
    must_say(recovered(until_healed, within=1.0, workers=3, of_healing=True), PASSED, "after 0.50 s")
    must_say(recovered(until_healed, within=1.0, workers=1, of_healing=True), PASSED, "after 0.50 s")
    must_say(recovered(until_healed, within=0.4, workers=3, of_healing=True), FAILED)
    must_say(recovered(load(OUTAGE), within=1.0, workers=3, of_healing=True), INCONCLUSIVE, "not removed")


def test_too_many_faults_are_inconclusive() -> None:
    """Faults in more workers than the stack must tolerate give no verdict."""
    one = recovered(load(OUTAGE), within=3.0, workers=2)
    must_say(one, INCONCLUSIVE, "in 1 of 2 workers; with 2 workers the fault budget is 0", f"next: {LARGER_MODEL}")
    assert one.reason is Reason.USAGE_ERROR
    two = load(OUTAGE, faults=[injected(), injected(worker="worker-2")])
    must_say(recovered(two, within=3.0, workers=4), INCONCLUSIVE, "in 2 of 4 workers; with 4 workers the fault budget is 1")
    must_say(recovered(two, within=3.0, workers=5), PASSED)


def test_lateness_is_the_error() -> None:
    """The load's lateness is the error of the time, and counts against either verdict."""
    late = load(OUTAGE, between(5.0, 9.0, lambda request: replace(request, started_at=request.started_at + 0.4)))
    must_say(recovered(late, within=2.5, workers=3), PASSED, "lateness 0.400 s")
    must_say(recovered(late, within=2.3, workers=3), INCONCLUSIVE, "+- 0.40 s")
    must_say(recovered(late, within=1.7, workers=3), INCONCLUSIVE, OFF_SCHEDULE)
    must_say(recovered(late, within=1.5, workers=3), FAILED, "after 2.00 s")


def test_late_load_hides_no_slowness() -> None:
    """A late load gives no verdict where the stack may have been slow."""

    def late(request: Operation) -> Operation:
        tokens = tuple(replace(token, at=token.at + 0.4) for token in request.tokens)
        return replace(request, started_at=request.started_at + 0.4, ended_at=(request.ended_at or 0.0) + 0.4, tokens=tokens)

    story = load(OUTAGE, between(7.0, 8.0, late))
    must_say(recovered(story, within=5.0, workers=3), PASSED, "after 2.00 s")
    must_say(recovered(story, within=3.0, workers=3), INCONCLUSIVE, OFF_SCHEDULE)


def test_unsent_requests_are_inconclusive() -> None:
    """A load that did not send all its requests gives no verdict."""
    must_say(recovered(load(OUTAGE, unsent=5), within=3.0, workers=3), INCONCLUSIVE, "5 requests were not sent")


def test_no_fault_or_load_is_inconclusive() -> None:
    """A history without a fault or without the load's end gives no verdict."""
    for history in (load(faults=[]), load(is_ended=False)):
        with pytest.raises(InconclusiveError):
            recovered(history, within=3.0, workers=3)
