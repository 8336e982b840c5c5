"""Check: not before ready. The worker was ready 10 s into the story."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_have_no_room, must_say, refused, tell

from hivecheck.checks.routing.not_before_ready import ASPECTS, not_before_ready
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict

READY = Event(10.0, "journal", "worker-1", {"event": "ready"})


def judged(history: History, aspect: str) -> Verdict:
    return not_before_ready(history, worker="worker-1", aspect=aspect)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_no_ready_line_is_inconclusive(aspect: str) -> None:
    """A worker without a ready line gives no verdict."""
    other = Event(10.0, "journal", "worker-2", {"event": "ready"})
    must_say(judged(tell(other), aspect), INCONCLUSIVE, "worker-1")


@pytest.mark.parametrize("aspect", ASPECTS)
def test_nothing_to_judge_is_inconclusive(aspect: str) -> None:
    """A ready worker without any other fact gives no verdict."""
    must_say(judged(tell(READY), aspect), INCONCLUSIVE)


def registered(at: float, worker: str = "worker-1", service: str = "registry") -> Event:
    """A registration in the log of a service."""
    return Event(at, "log", service, {"service": service, "event": "registered", "id": worker})


def test_later_registration_passes() -> None:
    """A registration after the ready line passes."""
    must_say(judged(tell(READY, registered(10.2)), "registered"), PASSED, "0.200 s after")


def test_earlier_registration_fails() -> None:
    """A registration before the ready line fails by its time."""
    must_say(judged(tell(READY, registered(11.0), registered(9.5)), "registered"), FAILED, "0.500 s before")


@pytest.mark.parametrize("other", [registered(9.5, worker="worker-2"), registered(9.5, service="hive")])
def test_other_registrations_do_not_count(other: Event) -> None:
    """The registration of another worker, or in a hive's log, does not count."""
    must_say(judged(tell(READY, other, registered(10.5)), "registered"), PASSED)
    must_say(judged(tell(READY, other), "registered"), INCONCLUSIVE)


def test_refused_before_answered_after_passes() -> None:
    """Refusals before and answers after the ready line pass."""
    must_say(judged(tell(READY, refused(1, status=404, at=8.0), refused(2, at=9.0), chat(3, at=11.0)), "answered"), PASSED, "2 refused")


def test_early_answer_fails() -> None:
    """An answer before the ready line fails."""
    must_say(judged(tell(READY, refused(1, at=1.0), chat(2, at=2.0)), "answered"), FAILED, "r2")


@pytest.mark.parametrize("other", [refused(1, status=500, at=1.0), chat(1, at=1.0, status=None, error="refused")])
def test_other_refusal_fails(other: Operation) -> None:
    """A refusal other than 404 or 503 fails."""
    must_say(judged(tell(READY, other, chat(2, at=11.0)), "answered"), FAILED, "r1")


@pytest.mark.parametrize("only", [refused(1, at=1.0), chat(1, at=11.0)])
def test_answered_no_room(only: Operation) -> None:
    """Only refusals, or only answers, leave no room for an early answer."""
    must_have_no_room(judged(tell(READY, only), "answered"), "before and after")


def test_later_arrival_passes() -> None:
    """Arrivals after the ready line pass."""
    must_say(judged(tell(READY, refused(2, at=1.0), arrival(chat(), at=10.5)), "received"), PASSED, "1 arrival,")


def test_received_no_room() -> None:
    """Without a request before the ready line, no early arrival was possible."""
    late = chat(at=10.4)
    must_have_no_room(judged(tell(READY, late, arrival(late, at=10.5)), "received"), "before worker-1 was ready")


def test_earlier_arrival_fails() -> None:
    """An arrival before the ready line fails, and one at another worker does not count."""
    early = arrival(chat(), at=9.0)
    must_say(judged(tell(READY, early, arrival(chat(2), at=11.0)), "received"), FAILED, "1.000 s before")
    must_say(judged(tell(READY, chat(at=9.0), arrival(chat(), "worker-2", at=9.0), arrival(chat(2), at=11.0)), "received"), PASSED)
