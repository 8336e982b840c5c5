"""Check: served by model."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_have_no_room, must_say, refused, stream, tell

from hivecheck.checks.routing.served_by_model import served_by_model
from hivecheck.history import Event

WORKERS = {"worker-1": ["model-a"], "worker-2": ["model-a", "model-b"], "worker-3": ["model-b"]}
REQUEST = chat(worker="worker-2")


def test_agreed_worker_passes() -> None:
    """A worker of the model that answer and journal agree on passes."""
    must_say(served_by_model(tell(REQUEST, arrival(REQUEST, "worker-2")), workers=WORKERS), PASSED, "worker-2")


def test_broken_stream_was_served() -> None:
    """A broken stream counts as served."""
    request = stream(saw_done=False, error="cut")
    must_say(served_by_model(tell(request, arrival(request)), workers=WORKERS), PASSED)


@pytest.mark.parametrize(
    "arrivals",
    [[arrival(REQUEST, "worker-3")], [arrival(REQUEST, "worker-9")], [arrival(REQUEST, "worker-1"), arrival(REQUEST, "worker-2")]],
)
def test_other_worker_fails(arrivals: list[Event]) -> None:
    """A worker of another model, or a second worker, fails."""
    must_say(served_by_model(tell(REQUEST, arrivals), workers=WORKERS), FAILED, "exactly one of worker-1 and worker-2")


def test_other_than_only_worker_fails() -> None:
    """With `only`, any other worker fails."""
    must_say(served_by_model(tell(REQUEST, arrival(REQUEST, "worker-2")), workers=WORKERS, only="worker-1"), FAILED, "only worker-1")


def test_wrong_worker_header_fails() -> None:
    """An answer that names another worker fails."""
    request = chat(worker="worker-1")
    must_say(served_by_model(tell(request, arrival(request, "worker-2")), workers=WORKERS), FAILED, "it names worker-1")


def test_refusal_fails() -> None:
    """A refused request fails."""
    must_say(served_by_model(tell(refused()), workers=WORKERS), FAILED, "status 503")


def test_no_arrival_is_inconclusive() -> None:
    """An answer that is in no journal gives no verdict."""
    must_say(served_by_model(tell(REQUEST), workers=WORKERS), INCONCLUSIVE, "no journal has it")


def test_served_no_room() -> None:
    """With a single worker no other one could serve a request by mistake."""
    must_have_no_room(served_by_model(tell(REQUEST, arrival(REQUEST, "worker-2")), workers={"worker-2": ["model-a"]}), "worker-2")
