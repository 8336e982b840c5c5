"""Checks: all answered, answered after, served again, served meanwhile, survived churn."""

from __future__ import annotations

import pytest
from load_stories import between, injected, load, lost, removed
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, stream, tell

from hivecheck.checks.answers.answered import ONLY_LOAD, all_answered, answered_after, served_again, served_meanwhile, survived_churn
from hivecheck.history import Event, History, Operation


def test_all_answered_passes() -> None:
    """Whole answers to all requests pass."""
    must_say(all_answered(tell(chat(1), stream(2)), count=2), PASSED)


@pytest.mark.parametrize(
    "bad",
    [
        refused(2),
        chat(2, status=None, error="connection refused"),
        chat(2, ended_at=None),
        chat(2, error="no end within 3 s"),
        stream(2, saw_done=False),
        stream(2, stream_error={"code": "upstream_error"}),
    ],
)
def test_one_bad_answer_fails(bad: Operation) -> None:
    """One request without a whole answer fails, by its id."""
    must_say(all_answered(tell(chat(1), bad)), FAILED, "1 of 2 requests not answered", "r2")


@pytest.mark.parametrize("count", [None, 2])
def test_no_request_is_inconclusive(count: int | None) -> None:
    """A scenario without requests gives no verdict."""
    must_say(all_answered(tell(), count=count), INCONCLUSIVE, "0 requests were sent")


@pytest.mark.parametrize("count", [None, 2])
def test_only_load_requests_are_inconclusive(count: int | None) -> None:
    """Load requests are no requests of clients. The message names the step that judges them."""
    must_say(all_answered(load(), count=count), INCONCLUSIVE, ONLY_LOAD)


def test_fewer_requests_are_inconclusive() -> None:
    """Fewer requests than the scenario states give no verdict."""
    must_say(all_answered(tell(chat(1)), count=2), INCONCLUSIVE, "1 request was sent")


REPAIRED = (injected(), removed(6.0))
BACK = Event(5.0, "act", "hive-1", {"what": "started again"})


def test_answered_after_passes() -> None:
    """Answers to later requests pass, whatever happened before the act."""
    story = tell(refused(1, at=1.0), BACK, chat(2, at=6.0))
    must_say(answered_after(story, node="hive-1", what="started again"), PASSED, "1 later request was answered")


def test_refused_after_fails() -> None:
    """A later request that was refused fails."""
    must_say(answered_after(tell(BACK, chat(1, at=6.0), refused(2, at=7.0)), node="hive-1", what="started again"), FAILED, "r2")


def test_nothing_after_is_inconclusive() -> None:
    """No later request, or no act on that node, gives no verdict."""
    must_say(answered_after(tell(chat(1, at=1.0), BACK), node="hive-1", what="started again"), INCONCLUSIVE, "none")
    must_say(answered_after(tell(BACK, chat(1, at=6.0)), node="hive-2", what="started again"), INCONCLUSIVE, "0 times")


def journaled(history: History, worker: str) -> History:
    """Every request is in that worker's journal."""
    for load_request in history.operations("probe"):
        history.record(arrival(load_request, worker))
    return history


def test_served_again_passes() -> None:
    """Answers of the worker after the removal pass."""
    must_say(served_again(journaled(load(faults=REPAIRED), "worker-1"), worker="worker-1"), PASSED, "of 39")


def test_served_by_others_fails() -> None:
    """Answers of other workers only fail."""
    must_say(served_again(journaled(load(faults=(injected(worker="w"), removed(6.0, "w"))), "worker-1"), worker="w"), FAILED, "none")


def test_unproven_name_fails() -> None:
    """A worker named by answers but not by its journal fails."""
    must_say(served_again(journaled(load(faults=REPAIRED), "worker-2"), worker="worker-1"), FAILED, "39 answers name it")


def test_served_again_without_removal_is_inconclusive() -> None:
    """No removal, or no later request, gives no verdict."""
    must_say(served_again(load(), worker="worker-1"), INCONCLUSIVE)
    must_say(served_again(load(faults=(injected(), removed(11.0))), worker="worker-1"), INCONCLUSIVE)


def test_served_meanwhile_passes() -> None:
    """Enough answers between injection and removal pass."""
    must_say(served_meanwhile(load(faults=REPAIRED), at_least=20), PASSED, "20 of 20")


def test_served_meanwhile_few_due_is_inconclusive() -> None:
    """Too few due requests, or no fault, give no verdict."""
    must_say(served_meanwhile(load(faults=REPAIRED), at_least=21), INCONCLUSIVE, "20")
    must_say(served_meanwhile(load(faults=[]), at_least=1), INCONCLUSIVE, "no fault")


def test_served_meanwhile_few_answered_fails() -> None:
    """Too few answers fail."""
    must_say(served_meanwhile(load(between(4.0, 6.0, lost), faults=REPAIRED), at_least=20), FAILED, "0 of 20")


CAME, WENT = Event(1.0, "act", "worker-3", {"what": "started"}), Event(5.0, "act", "worker-1", {"what": "removed"})


def test_survived_churn_passes() -> None:
    """Answers to all requests during the changes pass."""
    must_say(survived_churn(tell(CAME, WENT, chat(1, at=2.0), chat(2, at=4.5), chat(3, at=6.0)), at_least=2), PASSED, "2 of them")


def test_survived_churn_failure_fails() -> None:
    """A failed request fails, whenever it happened."""
    must_say(survived_churn(tell(CAME, WENT, chat(1, at=2.0), refused(2, at=7.0)), at_least=1), FAILED, "r2")


def test_survived_churn_few_requests_is_inconclusive() -> None:
    """Too few requests during the changes give no verdict."""
    must_say(survived_churn(tell(CAME, WENT, chat(1, at=2.0), chat(2, at=6.0)), at_least=2), INCONCLUSIVE, "at least 2")


def test_survived_churn_without_change_is_inconclusive() -> None:
    """A cluster without a change gives no verdict."""
    must_say(survived_churn(tell(chat(1)), at_least=1), INCONCLUSIVE, "no worker was started")
