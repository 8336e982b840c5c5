"""Check: smaller queue."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_have_no_room, must_say, served, stream, tell

from hivecheck.checks.routing.smaller_queue import smaller_queue
from hivecheck.history import Event, History, Operation

RUNNING = stream(1, at=0.0, ended_at=10.0)


def beside(*workers: str, at: float = 1.0) -> History:
    """A stream at worker-1 and chats at these workers meanwhile."""
    chats = [chat(number, worker=worker, at=at) for number, worker in enumerate(workers, 2)]
    items: list[Operation | Event | list[Event]] = [RUNNING, served(RUNNING), *chats]
    return tell(*items, [arrival(request, worker) for request, worker in zip(chats, workers, strict=True)])


def test_other_workers_pass() -> None:
    """Requests that all went to other workers pass."""
    must_say(smaller_queue(beside("worker-2", "worker-3"), at_least=2), PASSED, "2 requests")


def test_busy_worker_fails() -> None:
    """A request at the busy worker fails."""
    must_say(smaller_queue(beside("worker-2", "worker-1"), at_least=2), FAILED, "1 did")


def test_waiting_request_fails() -> None:
    """A request that waited at the busy worker until the stream ended fails."""
    must_say(smaller_queue(beside("worker-1", at=9.5), at_least=2), FAILED)


def test_later_requests_are_inconclusive() -> None:
    """Requests after the stream give no verdict."""
    must_say(smaller_queue(beside("worker-2", "worker-2", at=10.5), at_least=2), INCONCLUSIVE)


def test_no_stream_is_inconclusive() -> None:
    """No stream, or one without an end, gives no verdict."""
    must_say(smaller_queue(tell(chat(2)), at_least=1), INCONCLUSIVE)
    must_say(smaller_queue(tell(RUNNING, arrival(RUNNING), chat(2)), at_least=1), INCONCLUSIVE)


def test_smaller_queue_no_room() -> None:
    """Requests for another model cannot reach the busy worker."""
    other = chat(2, model="model-b", at=1.0)
    must_have_no_room(smaller_queue(tell(RUNNING, served(RUNNING), other, arrival(other, "worker-2")), at_least=1), "model-b")
