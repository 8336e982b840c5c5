"""Check: zero failed."""

from __future__ import annotations

from dataclasses import replace

from load_stories import between, broken, load, lost
from stories import FAILED, INCONCLUSIVE, PASSED, must_say

from hivecheck.checks.recovery.zero_failed import zero_failed


def test_a_load_that_was_answered_in_full_passes() -> None:
    must_say(zero_failed(load()), PASSED, "0 had begun")


def test_an_answer_that_had_begun_may_break_off() -> None:
    must_say(zero_failed(load(between(3.95, 4.05, broken))), PASSED, "1 had begun")


def test_one_lost_request_fails() -> None:
    must_say(zero_failed(load(between(4.45, 4.55, lost))), FAILED, "1 of", "503")
    cut = load(between(4.45, 4.55, lambda told: replace(lost(told), status=None, error="ServerDisconnectedError")))
    must_say(zero_failed(cut), FAILED, "ServerDisconnectedError")


def test_what_was_lost_before_the_fault_is_not_its_doing() -> None:
    must_say(zero_failed(load(between(1.0, 1.05, lost))), PASSED)


def test_too_little_to_judge_is_inconclusive() -> None:
    must_say(zero_failed(load(faults=[])), INCONCLUSIVE, "0 strikes")
    must_say(zero_failed(load(is_ended=False)), INCONCLUSIVE)
    must_say(zero_failed(load(until=3.0)), INCONCLUSIVE, "no request")
