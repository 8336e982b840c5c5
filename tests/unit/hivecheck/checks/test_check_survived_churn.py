"""Check: survived churn."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.recovery.survived_churn import survived_churn
from hivecheck.history import Event

CAME, WENT = Event(1.0, "act", "worker-3", {"what": "started"}), Event(5.0, "act", "worker-1", {"what": "removed"})


def test_requests_that_were_all_answered_meanwhile_pass() -> None:
    must_say(survived_churn(tell(CAME, WENT, chat(1, at=2.0), chat(2, at=4.5), chat(3, at=6.0)), at_least=2), PASSED, "2 of them")


def test_a_request_that_failed_fails_whenever_that_was() -> None:
    must_say(survived_churn(tell(CAME, WENT, chat(1, at=2.0), refused(2, at=7.0)), at_least=1), FAILED, "r2")


def test_too_few_requests_meanwhile_are_inconclusive() -> None:
    must_say(survived_churn(tell(CAME, WENT, chat(1, at=2.0), chat(2, at=6.0)), at_least=2), INCONCLUSIVE, "at least 2")


def test_nobody_who_came_or_went_is_inconclusive() -> None:
    must_say(survived_churn(tell(chat(1)), at_least=1), INCONCLUSIVE, "nobody")
