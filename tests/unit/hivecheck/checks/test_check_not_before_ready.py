"""Check: not before ready. The worker was ready 10 s into the story."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, tell

from hivecheck.checks.routing.not_before_ready import ASPECTS, not_before_ready
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict

READY = Event(10.0, "journal", "worker-1", {"event": "ready"})


def judged(history: History, aspect: str) -> Verdict:
    return not_before_ready(history, worker="worker-1", aspect=aspect)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_worker_that_never_said_when_it_was_ready_is_inconclusive(aspect: str) -> None:
    other = Event(10.0, "journal", "worker-2", {"event": "ready"})
    must_say(judged(tell(other), aspect), INCONCLUSIVE, "worker-1")


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_ready_worker_with_nothing_else_known_is_inconclusive(aspect: str) -> None:
    must_say(judged(tell(READY), aspect), INCONCLUSIVE)


def registered(at: float, worker: str = "worker-1", service: str = "registry") -> Event:
    """A registration in the log of a service."""
    return Event(at, "log", service, {"service": service, "event": "registered", "id": worker})


def test_a_registration_afterwards_passes() -> None:
    must_say(judged(tell(READY, registered(10.2)), "registered"), PASSED, "0.200 s after")


def test_a_registration_before_fails_by_how_much() -> None:
    must_say(judged(tell(READY, registered(11.0), registered(9.5)), "registered"), FAILED, "0.500 s before")


@pytest.mark.parametrize("other", [registered(9.5, worker="worker-2"), registered(9.5, service="hive")])
def test_the_registration_of_another_worker_and_what_a_hive_believes_do_not_count(other: Event) -> None:
    must_say(judged(tell(READY, other, registered(10.5)), "registered"), PASSED)
    must_say(judged(tell(READY, other), "registered"), INCONCLUSIVE)


def test_refusals_before_and_answers_after_pass() -> None:
    must_say(judged(tell(READY, refused(1, status=404, at=8.0), refused(2, at=9.0), chat(3, at=11.0)), "answered"), PASSED, "2 refused")


def test_an_answer_before_fails() -> None:
    must_say(judged(tell(READY, refused(1, at=1.0), chat(2, at=2.0)), "answered"), FAILED, "r2")


@pytest.mark.parametrize("odd", [refused(1, status=500, at=1.0), chat(1, at=1.0, status=None, error="refused")])
def test_another_refusal_than_404_or_503_fails(odd: Operation) -> None:
    must_say(judged(tell(READY, odd, chat(2, at=11.0)), "answered"), FAILED, "r1")


@pytest.mark.parametrize("only", [refused(1, at=1.0), chat(1, at=11.0)])
def test_refusals_alone_or_answers_alone_are_inconclusive(only: Operation) -> None:
    must_say(judged(tell(READY, only), "answered"), INCONCLUSIVE, "before and after")


def test_arrivals_afterwards_pass() -> None:
    must_say(judged(tell(READY, arrival(chat(), at=10.5)), "received"), PASSED, "1 arrivals")


def test_an_arrival_before_fails_and_that_of_another_worker_does_not_count() -> None:
    early = arrival(chat(), at=9.0)
    must_say(judged(tell(READY, early, arrival(chat(2), at=11.0)), "received"), FAILED, "1.000 s before")
    must_say(judged(tell(READY, arrival(chat(), "worker-2", at=9.0), arrival(chat(2), at=11.0)), "received"), PASSED)
