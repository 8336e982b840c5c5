"""Check: served by model."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, stream, tell

from hivecheck.checks.routing.served_by_model import served_by_model
from hivecheck.history import Event

WORKERS = {"worker-1": ["model-a"], "worker-2": ["model-a", "model-b"], "worker-3": ["model-b"]}
TOLD = chat(worker="worker-2")


def test_a_worker_of_the_model_that_answer_and_journal_agree_on_passes() -> None:
    must_say(served_by_model(tell(TOLD, arrival(TOLD, "worker-2")), workers=WORKERS), PASSED, "worker-2")


def test_a_broken_stream_was_served_all_the_same() -> None:
    told = stream(saw_done=False, error="cut")
    must_say(served_by_model(tell(told, arrival(told)), workers=WORKERS), PASSED)


@pytest.mark.parametrize(
    "arrivals",
    [[arrival(TOLD, "worker-3")], [arrival(TOLD, "worker-9")], [arrival(TOLD, "worker-1"), arrival(TOLD, "worker-2")]],
)
def test_a_worker_of_another_model_or_a_second_worker_fails(arrivals: list[Event]) -> None:
    must_say(served_by_model(tell(TOLD, arrivals), workers=WORKERS), FAILED, "exactly one of ['worker-1', 'worker-2']")


def test_another_worker_than_the_only_one_fails() -> None:
    must_say(served_by_model(tell(TOLD, arrival(TOLD, "worker-2")), workers=WORKERS, only="worker-1"), FAILED, "['worker-1']")


def test_an_answer_that_names_another_worker_fails() -> None:
    told = chat(worker="worker-1")
    must_say(served_by_model(tell(told, arrival(told, "worker-2")), workers=WORKERS), FAILED, "it names worker-1")


def test_a_refusal_fails() -> None:
    must_say(served_by_model(tell(refused()), workers=WORKERS), FAILED, "status 503")


def test_an_answer_that_no_journal_shows_is_inconclusive() -> None:
    must_say(served_by_model(tell(TOLD), workers=WORKERS), INCONCLUSIVE, "none does")
