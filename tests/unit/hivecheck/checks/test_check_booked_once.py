"""Check: booked once."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, served, state, stream, tell

from hivecheck.checks.usage.booked_once import booked_once
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict

WHO = {"x-auth-subject": "tester", "x-auth-tenant": "hivecheck"}


def row(operation: Operation, **changes: Any) -> dict[str, Any]:
    """As it should be for a request of 2 tokens that `worker-1` answered with as many as its client saw."""
    tokens = len(operation.tokens) or 2
    plain = {"request_id": operation.id, "key": "tester", "tenant": "hivecheck", "model": "model-a", "worker": "worker-1", "attempts": 1}
    cost = {"prompt_tokens": 2, "completion_tokens": tokens, "cached_tokens": 0, "estimated": False}
    return plain | cost | {"path": operation.path, "status": 200, "outcome": "ok"} | changes


def actual(operation: Operation, **end: Any) -> list[Event]:
    """A worker got it and, unless told otherwise, sent what the client saw."""
    plain = {"output_tokens": len(operation.tokens) or 2, "prompt_tokens": 2, "cached_tokens": 0}
    told = {"headers": WHO, "model": "model-a"}
    return [arrival(operation, **told), served(operation, **(plain | end))[1]]


def judged(*items: Any, rows: list[dict[str, Any]], **limits: Any) -> Verdict:
    history: History = tell(*items, state("orchestrator", ledger=rows))
    return booked_once(history, **({"lag_seconds": 0.5} | limits))


def test_one_row_with_the_tokens_of_client_and_worker_passes() -> None:
    one, two = stream(1), chat(2)
    must_say(judged(one, two, actual(one), actual(two), rows=[row(one), row(two)]), PASSED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "alice"},
        {"tenant": None},
        {"model": "model-b"},
        {"worker": "worker-2"},
        {"attempts": 2},
        {"status": 499},
        {"outcome": "client_gone"},
        {"prompt_tokens": 3},
        {"completion_tokens": 4},
        {"completion_tokens": 0},
        {"cached_tokens": 1},
        {"estimated": True},
    ],
)
def test_one_figure_that_is_another_fails(wrong: dict[str, Any]) -> None:
    one = stream(1)
    must_say(judged(one, actual(one), rows=[row(one, **wrong)]), FAILED, "r1")


@pytest.mark.parametrize("rows", [0, 2])
def test_no_row_or_two_of_them_fail(rows: int) -> None:
    one = stream(1)
    must_say(judged(one, actual(one), rows=[row(one)] * rows), FAILED, "1 workers got")


def test_a_request_that_no_worker_got_must_not_be_booked() -> None:
    one = refused(1, status=404)
    must_say(judged(one, rows=[]), PASSED, "not booked")
    must_say(judged(one, rows=[row(one)]), FAILED)


def test_a_refused_request_costs_nothing() -> None:
    one = refused(1)
    free = {"status": 503, "outcome": "error", "prompt_tokens": 0, "completion_tokens": 0}
    must_say(judged(one, actual(one), rows=[row(one, **free)]), PASSED)
    must_say(judged(one, actual(one), rows=[row(one, **free | {"completion_tokens": 1})]), FAILED)


def test_what_a_worker_kept_to_itself_must_be_an_estimate() -> None:
    one = stream(1)
    must_say(judged(one, actual(one), rows=[row(one, estimated=True)], estimated=True), PASSED)
    must_say(judged(one, actual(one), rows=[row(one)], estimated=True), FAILED)


@pytest.mark.parametrize(("booked", "answer"), [(2, FAILED), (3, PASSED), (5, PASSED), (6, FAILED)])
def test_of_an_aborted_stream_no_less_than_the_client_saw_and_no_more_than_was_sent_is_booked(booked: int, answer: Any) -> None:
    one = stream(1, saw_done=False, error="the client left")
    gone = {"completion_tokens": booked, "estimated": True, "status": 499, "outcome": "client_gone"}
    must_say(judged(one, actual(one, output_tokens=5), rows=[row(one, **gone)]), answer)


@pytest.mark.parametrize(("changes", "answer"), [({}, PASSED), ({"completion_tokens": 4}, FAILED), ({"estimated": False}, FAILED)])
def test_of_a_broken_stream_exactly_what_the_client_saw_is_booked(changes: dict[str, Any], answer: Any) -> None:
    one = stream(1, saw_done=False, error="cut")
    broken = {"estimated": True, "outcome": "upstream_broke"} | changes
    must_say(judged(one, arrival(one, headers=WHO, model="model-a"), rows=[row(one, **broken)]), answer)


@pytest.mark.parametrize(("booked", "answer"), [(3, FAILED), (4, PASSED), (10, PASSED), (11, FAILED)])
def test_of_a_stream_that_a_kill_of_the_gateway_ended_the_last_moments_may_be_missing(booked: int, answer: Any) -> None:
    one = stream(1, count=10, saw_done=False, error="cut")
    killed = {"completion_tokens": booked, "estimated": True, "outcome": "interrupted", "status": 0}
    must_say(judged(one, actual(one, output_tokens=12), rows=[row(one, **killed)], lag_seconds=0.55), answer)


def test_a_request_still_under_way_in_the_ledger_fails() -> None:
    one = stream(1, saw_done=False, error="cut")
    must_say(judged(one, actual(one), rows=[row(one, estimated=True, outcome=None)]), FAILED)


def test_a_client_that_saw_other_tokens_than_were_sent_fails() -> None:
    one = stream(1)
    must_say(judged(one, actual(one, output_tokens=4), rows=[row(one, completion_tokens=4)]), FAILED, "the client saw 3")


def test_without_a_note_a_request_or_the_end_of_an_answer_it_is_inconclusive() -> None:
    one = stream(1)
    must_say(booked_once(tell(one), lag_seconds=0.5), INCONCLUSIVE, "0 notes")
    must_say(judged(rows=[]), INCONCLUSIVE)
    must_say(judged(one, arrival(one, headers=WHO, model="model-a"), rows=[row(one)]), INCONCLUSIVE, "no end noted")
