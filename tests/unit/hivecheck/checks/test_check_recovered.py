"""Check: recovered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from load_stories import between, healed, injected, load, lost
from stories import FAILED, INCONCLUSIVE, PASSED, must_say

from hivecheck.checks.recovery.recovered import recovered
from hivecheck.errors import InconclusiveError
from hivecheck.history import Operation

OUTAGE = between(4.0, 6.0, lost)


def test_who_is_back_in_time_passes() -> None:
    must_say(recovered(load(OUTAGE), within=3.0, workers=3), PASSED, "after 2.00 s")


def test_who_is_back_later_fails() -> None:
    must_say(recovered(load(OUTAGE), within=1.5, workers=3), FAILED, "after 2.00 s")


def test_who_never_comes_back_fails() -> None:
    must_say(recovered(load(between(4.0, 10.0, lost)), within=3.0, workers=3), FAILED, "never, for 6.00 s")


def test_who_was_not_watched_for_long_enough_is_inconclusive() -> None:
    must_say(recovered(load(between(4.0, 10.0, lost), until=6.0), within=3.0, workers=3), INCONCLUSIVE, "not yet")


def test_the_time_of_the_healing_counts_where_a_fault_must_be_healed() -> None:
    until_healed = load(between(4.0, 7.0, lost), faults=[injected(), healed(6.5)])
    must_say(recovered(until_healed, within=1.0, workers=3, of_healing=True), PASSED, "after 0.50 s")
    must_say(recovered(until_healed, within=1.0, workers=1, of_healing=True), PASSED, "after 0.50 s")  # however many were struck
    must_say(recovered(until_healed, within=0.4, workers=3, of_healing=True), FAILED)
    must_say(recovered(load(OUTAGE), within=1.0, workers=3, of_healing=True), INCONCLUSIVE, "not healed")


def test_nothing_is_promised_when_too_many_are_struck() -> None:
    must_say(recovered(load(OUTAGE), within=3.0, workers=2), INCONCLUSIVE, "at most 0 of 2")
    two = load(OUTAGE, faults=[injected(), injected(worker="worker-2")])
    must_say(recovered(two, within=3.0, workers=4), INCONCLUSIVE, "at most 1 of 4")
    must_say(recovered(two, within=3.0, workers=5), PASSED)


def test_how_late_the_load_was_is_the_error_of_the_time_and_counts_against_either_verdict() -> None:
    late = load(OUTAGE, between(5.0, 9.0, lambda told: replace(told, started_at=told.started_at + 0.4)))
    must_say(recovered(late, within=2.5, workers=3), PASSED, "0.400 s late")
    must_say(recovered(late, within=2.3, workers=3), INCONCLUSIVE, "give or take 0.40")
    must_say(recovered(late, within=1.7, workers=3), INCONCLUSIVE, "could not keep")
    must_say(recovered(late, within=1.5, workers=3), FAILED, "after 2.00 s")


def test_a_late_load_hides_no_slowness_that_may_have_been_the_stacks() -> None:
    def late(told: Operation) -> Operation:
        tokens = tuple(replace(token, at=token.at + 0.4) for token in told.tokens)
        return replace(told, started_at=told.started_at + 0.4, ended_at=(told.ended_at or 0.0) + 0.4, tokens=tokens)

    story = load(OUTAGE, between(7.0, 8.0, late))
    must_say(recovered(story, within=5.0, workers=3), PASSED, "after 2.00 s")
    must_say(recovered(story, within=3.0, workers=3), INCONCLUSIVE, "could not keep")


def test_a_load_that_was_not_all_sent_is_inconclusive() -> None:
    must_say(recovered(load(OUTAGE, unsent=5), within=3.0, workers=3), INCONCLUSIVE, "5 not: this machine")


def test_without_fault_or_load_it_is_inconclusive() -> None:
    for history in (load(faults=[]), load(is_ended=False)):
        with pytest.raises(InconclusiveError):
            recovered(history, within=3.0, workers=3)
