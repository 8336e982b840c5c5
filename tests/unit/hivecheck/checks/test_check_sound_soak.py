"""Check: sound soak."""

from __future__ import annotations

from dataclasses import replace

from soak_stories import soak
from stories import FAILED, INCONCLUSIVE, PASSED, must_say

from hivecheck.checks.recovery.sound_soak import AVAILABILITY, INTEGRITY, LEAKS, sound_soak, verdicts
from hivecheck.history import CLIENT_LEFT, History, Operation


def misdirected(one: Operation) -> Operation:
    """It has the answer to another request."""
    return replace(one, headers=(("x-request-id", "r0"),))


def failed_unary(one: Operation) -> Operation:
    """A refusal of every unary request."""
    return one if one.is_stream else replace(one, status=503, body={"error": {"code": "no_worker"}})


def test_whole_soak_passes() -> None:
    """Right answers, a fault without failures and flat floors pass in all three parts."""
    assert [verdict.answer for verdict in verdicts(soak()).values()] == [PASSED, PASSED, PASSED]
    assert sound_soak(soak()).answer is PASSED
    assert sound_soak(soak(faulty=0)).answer is PASSED


def test_wrong_answer_fails() -> None:
    """A wrong answer fails, also in a soak that was stopped after its round."""
    must_say(sound_soak(soak(change=misdirected)), FAILED, "the answer to r0")
    must_say(verdicts(soak(3, change=misdirected, is_whole=False))[INTEGRITY], FAILED, "the answer to r0")


def test_avoidable_failure_fails() -> None:
    """A refused request in a round with a fault fails, though a refusal is no wrong answer."""
    found = verdicts(soak(change=failed_unary))
    assert found[AVAILABILITY].answer is FAILED


def test_leak_fails() -> None:
    """A descriptor more in each round fails."""
    must_say(verdicts(soak(kept=1.0))[LEAKS], FAILED, "descriptors 1.00 per cycle")


def test_stopped_soak_is_inconclusive() -> None:
    """A soak that was stopped has no verdict, unless it has proven a failure."""
    must_say(sound_soak(soak(is_whole=False)), INCONCLUSIVE, "it was stopped")
    must_say(sound_soak(History()), INCONCLUSIVE, "it was stopped")
    assert sound_soak(soak(kept=1.0, is_whole=False)).answer is FAILED


def test_stopped_soak_leaves_requests() -> None:
    """A request that the harness left when the soak was stopped is no failure, with faults and without."""
    for faulty in (0, 2):
        stopped = soak(3, faulty=faulty, is_whole=False)
        left = replace(stopped.operations(None)[-1], id="left", status=None, body=None, tokens=(), finish_reason=None, saw_done=False)
        stopped.record(replace(left, error=CLIENT_LEFT))
        assert verdicts(stopped)[AVAILABILITY].answer is PASSED
        stopped.record(replace(left, id="refused", status=503))
        assert verdicts(stopped)[AVAILABILITY].answer is FAILED
