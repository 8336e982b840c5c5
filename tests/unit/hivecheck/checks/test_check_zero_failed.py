"""Check: zero failed."""

from __future__ import annotations

from dataclasses import replace

from load_stories import between, broken, load, lost
from stories import FAILED, INCONCLUSIVE, PASSED, must_say

from hivecheck.checks.recovery.zero_failed import zero_failed


def test_answered_load_passes() -> None:
    """A load with answers to all requests passes."""
    must_say(zero_failed(load()), PASSED, "0 broke off")


def test_begun_answer_may_break() -> None:
    """An answer that has begun may break off."""
    must_say(zero_failed(load(between(3.95, 4.05, broken))), PASSED, "1 broke off")


def test_lost_request_fails() -> None:
    """One lost request fails."""
    must_say(zero_failed(load(between(4.45, 4.55, lost))), FAILED, "1 of", "503")
    cut = load(between(4.45, 4.55, lambda request: replace(lost(request), status=None, error="ServerDisconnectedError")))
    must_say(zero_failed(cut), FAILED, "ServerDisconnectedError")


def test_earlier_loss_does_not_count() -> None:
    """A request that was lost before the fault does not count."""
    must_say(zero_failed(load(between(1.0, 1.05, lost))), PASSED)


def test_too_little_data_is_inconclusive() -> None:
    """No fault, no end of the load, or no request after the fault gives no verdict."""
    must_say(zero_failed(load(faults=[])), INCONCLUSIVE, "0 injected faults")
    must_say(zero_failed(load(is_ended=False)), INCONCLUSIVE)
    must_say(zero_failed(load(until=3.0)), INCONCLUSIVE, "no request")
