"""Check: queueing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, tell

from hivecheck.checks.answers.queueing import _most_at_once, queueing
from hivecheck.history import Event

SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)).map(lambda span: (float(span[0]), float(sum(span)))))


def worked(number: int, worker: str, came: float, start: float, ended: float) -> list[Event]:
    """A request that came to a worker, took a slot and ended."""
    told = chat(number)
    return [arrival(told, worker, at=came), end(told, worker, at=ended, slot_at=start)]


def test_requests_one_after_the_other_of_which_one_waited_pass() -> None:
    lines = worked(1, "worker-1", 0.0, 0.0, 1.0) + worked(2, "worker-1", 0.1, 1.0, 2.0) + worked(3, "worker-2", 0.1, 0.1, 1.1)
    must_say(queueing(tell(lines), slots=1), PASSED, "1 requests waited", "'worker-1': 1")


def test_more_at_once_than_slots_fail_by_worker() -> None:
    lines = worked(1, "worker-1", 0.0, 0.0, 1.0) + worked(2, "worker-1", 0.1, 0.9, 2.0)
    must_say(queueing(tell(lines), slots=1), FAILED, "'worker-1': 2")


def test_the_same_work_within_two_slots_passes() -> None:
    lines = worked(1, "worker-1", 0.0, 0.0, 1.0) + worked(2, "worker-1", 0.1, 0.9, 2.0)
    must_say(queueing(tell(lines), slots=2), PASSED)


def test_work_for_which_nobody_waited_fails() -> None:
    must_say(queueing(tell(worked(1, "worker-1", 0.0, 0.0, 1.0)), slots=1), FAILED, "none waited")


def test_an_arrival_without_an_end_is_inconclusive() -> None:
    must_say(queueing(tell(arrival(chat())), slots=1), INCONCLUSIVE, "r1 lacks one")


def test_an_end_without_a_slot_is_inconclusive() -> None:
    must_say(queueing(tell(arrival(chat()), end(chat())), slots=1), INCONCLUSIVE, "r1 lacks one")


def test_no_arrival_is_inconclusive() -> None:
    must_say(queueing(tell(chat()), slots=1), INCONCLUSIVE, "no arrival")


@given(SPANS)
def test_the_most_at_once_is_what_counting_at_every_start_finds(spans: list[tuple[float, float]]) -> None:
    counted = [sum(start <= at < ended for start, ended in spans) for at, _ in spans]
    assert _most_at_once(spans) == max(counted, default=0)
