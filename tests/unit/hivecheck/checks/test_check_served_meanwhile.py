"""Check: served meanwhile."""

from __future__ import annotations

from load_stories import between, healed, injected, load, lost
from stories import FAILED, INCONCLUSIVE, PASSED, must_say

from hivecheck.checks.recovery.served_meanwhile import served_meanwhile

LEASE = (injected(), healed(6.0))


def test_enough_requests_answered_between_strike_and_healing_pass() -> None:
    must_say(served_meanwhile(load(faults=LEASE), at_least=20), PASSED, "20 of 20")


def test_too_few_that_were_due_meanwhile_are_inconclusive() -> None:
    must_say(served_meanwhile(load(faults=LEASE), at_least=21), INCONCLUSIVE, "20")
    must_say(served_meanwhile(load(faults=[]), at_least=1), INCONCLUSIVE, "no fault")


def test_too_few_that_were_answered_fail() -> None:
    must_say(served_meanwhile(load(between(4.0, 6.0, lost), faults=LEASE), at_least=20), FAILED, "0 of 20")
