"""Check: served again."""

from __future__ import annotations

from load_stories import healed, injected, load
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, must_say

from hivecheck.checks.recovery.served_again import served_again
from hivecheck.history import History

CURE = (injected(), healed(6.0))


def journaled(history: History, worker: str) -> History:
    """Every request is in that worker's journal."""
    for probe in history.operations("probe"):
        history.record(arrival(probe, worker))
    return history


def test_answers_after_the_healing_pass() -> None:
    must_say(served_again(journaled(load(faults=CURE), "worker-1"), worker="worker-1"), PASSED, "of 39")


def test_answers_by_others_only_fail() -> None:
    must_say(served_again(journaled(load(faults=(injected(worker="w"), healed(6.0, "w"))), "worker-1"), worker="w"), FAILED, "none")


def test_a_name_on_an_answer_that_the_journal_does_not_bear_out_fails() -> None:
    must_say(served_again(journaled(load(faults=CURE), "worker-2"), worker="worker-1"), FAILED, "its name stands on 39")


def test_without_healing_or_requests_after_it_nothing_is_known() -> None:
    must_say(served_again(load(), worker="worker-1"), INCONCLUSIVE)
    must_say(served_again(load(faults=(injected(), healed(11.0))), worker="worker-1"), INCONCLUSIVE)
