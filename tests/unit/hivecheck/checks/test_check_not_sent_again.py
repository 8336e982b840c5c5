"""Check: not sent again."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.routing.not_sent_again import not_sent_again


def test_one_arrival_of_each_request_passes() -> None:
    one, two = chat(1), chat(2)
    must_say(not_sent_again(tell(one, two, arrival(one), arrival(two, "worker-2"))), PASSED, "2 requests")


def test_a_second_arrival_elsewhere_fails() -> None:
    told = chat()
    must_say(not_sent_again(tell(told, arrival(told), arrival(told, "worker-2"))), FAILED, "worker-2")


def test_a_second_arrival_at_the_same_worker_fails() -> None:
    told = chat()
    must_say(not_sent_again(tell(told, arrival(told), arrival(told, n=2))), FAILED, "r1")


def test_a_request_that_no_journal_shows_is_inconclusive() -> None:
    one, two = chat(1), chat(2)
    must_say(not_sent_again(tell(one, two, arrival(one))), INCONCLUSIVE, "r2")


def test_no_request_is_inconclusive() -> None:
    must_say(not_sent_again(tell()), INCONCLUSIVE)
