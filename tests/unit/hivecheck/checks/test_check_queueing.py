"""Check: queueing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_have_no_room, must_say, tell

from hivecheck.checks.answers.queueing import _most_at_once, queueing
from hivecheck.history import Event

SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)).map(lambda span: (float(span[0]), float(sum(span)))))


def worked(number: int, worker: str, came: float, start: float, ended: float) -> list[Event]:
    """A request that came to a worker, took a slot and ended."""
    request = chat(number)
    return [arrival(request, worker, at=came), end(request, worker, at=ended, slot_at=start)]


def test_one_waiting_request_passes() -> None:
    """Requests one after the other, of which one waited, pass."""
    lines = worked(1, "worker-1", 0.0, 0.0, 1.0) + worked(2, "worker-1", 0.1, 1.0, 2.0) + worked(3, "worker-2", 0.1, 0.1, 1.1)
    must_say(queueing(tell(lines), slots=1), PASSED, "1 request waited", "worker-1: 1")


def test_too_many_slots_fail() -> None:
    """More requests in process than slots fail by worker."""
    lines = worked(1, "worker-1", 0.0, 0.0, 1.0) + worked(2, "worker-1", 0.1, 0.9, 2.0)
    must_say(queueing(tell(lines), slots=1), FAILED, "worker-1: 2")


def test_two_slots_pass() -> None:
    """The same requests within two slots pass."""
    lines = worked(1, "worker-1", 0.0, 0.0, 1.0) + worked(2, "worker-1", 0.1, 0.9, 2.0)
    lines += worked(3, "worker-1", 0.2, 1.0, 2.0)
    must_say(queueing(tell(lines), slots=2), PASSED)


def test_no_waiting_request_fails() -> None:
    """Requests that did not wait fail."""
    lines = worked(1, "worker-1", 0.0, 0.0, 1.0) + worked(2, "worker-1", 1.1, 1.1, 2.0)
    must_say(queueing(tell(lines), slots=1), FAILED, "none waited")


def test_queueing_no_room() -> None:
    """Workers with no more requests than slots cannot exceed them."""
    must_have_no_room(queueing(tell(worked(1, "worker-1", 0.0, 0.0, 1.0)), slots=1), "worker-1: 1 request")


def test_overtaken_request_fails() -> None:
    """A request that gets its slot after a later one fails. Other workers do not matter."""
    first, newest, oldest = worked(1, "worker-1", 0.0, 0.0, 1.0), worked(3, "worker-1", 0.2, 1.0, 2.0), worked(2, "worker-1", 0.1, 2.0, 3.0)
    must_say(queueing(tell(first, newest, oldest), slots=1), FAILED, "in order of arrival", "worker-1: 1")
    elsewhere = worked(2, "worker-2", 0.1, 2.0, 3.0)
    must_say(queueing(tell(first, newest, elsewhere), slots=1), PASSED)


def test_missing_end_is_inconclusive() -> None:
    """An arrival without an end gives no verdict."""
    must_say(queueing(tell(arrival(chat())), slots=1), INCONCLUSIVE, "r1 lacks one")


def test_missing_slot_is_inconclusive() -> None:
    """An end without a slot gives no verdict."""
    must_say(queueing(tell(arrival(chat()), end(chat())), slots=1), INCONCLUSIVE, "r1 lacks one")


def test_no_arrival_is_inconclusive() -> None:
    """A scenario without arrivals gives no verdict."""
    must_say(queueing(tell(chat()), slots=1), INCONCLUSIVE, "no arrival")


@given(SPANS)
def test_most_at_once_is_exact(spans: list[tuple[float, float]]) -> None:
    """The sweep finds the same maximum as counting at every start."""
    counted = [sum(start <= at < ended for start, ended in spans) for at, _ in spans]
    assert _most_at_once(spans) == max(counted, default=0)
