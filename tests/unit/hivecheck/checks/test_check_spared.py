"""Check: spared."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.routing.spared import spared


def test_requests_that_all_went_to_others_pass() -> None:
    must_say(spared(tell(chat(1), arrival(chat(1), "worker-2")), worker="worker-1"), PASSED)


def test_a_request_at_the_worker_fails() -> None:
    must_say(spared(tell(chat(1), arrival(chat(1), "worker-1")), worker="worker-1"), FAILED, "none of 1")


def test_what_others_sent_there_does_not_count() -> None:
    elsewhere = chat(2, purpose="elsewhere")
    must_say(spared(tell(chat(1), arrival(chat(1), "worker-2"), elsewhere, arrival(elsewhere)), worker="worker-1"), PASSED)


def test_no_request_or_one_without_a_journal_is_inconclusive() -> None:
    must_say(spared(tell(), worker="worker-1"), INCONCLUSIVE)
    must_say(spared(tell(chat(1)), worker="worker-1"), INCONCLUSIVE)
