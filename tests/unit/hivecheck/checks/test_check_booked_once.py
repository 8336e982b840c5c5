"""Check: booked once."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, served, state, stream, tell

from hivecheck.checks.usage.booked_once import booked_once
from hivecheck.history import CLIENT_LEFT, Event, History, Operation
from hivecheck.verdict import Verdict

WHO = {"x-auth-subject": "tester", "x-auth-tenant": "hivecheck"}


def row(operation: Operation, **changes: Any) -> dict[str, Any]:
    """The right row for a request with 2 prompt tokens that `worker-1` answered in full."""
    tokens = len(operation.tokens) or 2
    plain = {"request_id": operation.id, "key": "tester", "tenant": "hivecheck", "model": "model-a", "worker": "worker-1", "attempts": 1}
    cost = {"prompt_tokens": 2, "completion_tokens": tokens, "cached_tokens": 0, "estimated": False}
    return plain | cost | {"path": operation.path, "status": 200, "outcome": "ok"} | changes


def actual(operation: Operation, **end: Any) -> list[Event]:
    """A worker got it and, unless caller otherwise, sent what the client saw."""
    plain = {"output_tokens": len(operation.tokens) or 2, "prompt_tokens": 2, "cached_tokens": 0}
    caller = {"headers": WHO, "model": "model-a"}
    return [arrival(operation, **caller), served(operation, **(plain | end))[1]]


def judged(*items: Any, rows: list[dict[str, Any]], **limits: Any) -> Verdict:
    history: History = tell(*items, state("orchestrator", ledger=rows))
    return booked_once(history, **({"lag_seconds": 0.5} | limits))


def test_one_row_passes() -> None:
    """One row with the tokens of client and worker passes."""
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
def test_wrong_figure_fails(wrong: dict[str, Any]) -> None:
    """Each wrong figure of the row fails."""
    one = stream(1)
    must_say(judged(one, actual(one), rows=[row(one, **wrong)]), FAILED, "r1")


@pytest.mark.parametrize("rows", [0, 2])
def test_other_number_of_rows_fails(rows: int) -> None:
    """No row or two rows fail."""
    one = stream(1)
    must_say(judged(one, actual(one), rows=[row(one)] * rows), FAILED, "with 1 arrival")


def test_no_arrival_is_not_booked() -> None:
    """A request without an arrival must not be in the ledger."""
    one = refused(1, status=404)
    must_say(judged(one, rows=[]), PASSED, "not booked")
    must_say(judged(one, rows=[row(one)]), FAILED)


def test_refusal_costs_nothing() -> None:
    """A refused request is booked with 0 tokens."""
    one = refused(1)
    free = {"status": 503, "outcome": "error", "prompt_tokens": 0, "completion_tokens": 0}
    must_say(judged(one, actual(one), rows=[row(one, **free)]), PASSED)
    must_say(judged(one, actual(one), rows=[row(one, **free | {"completion_tokens": 1})]), FAILED)


def test_missing_usage_is_estimated() -> None:
    """Where the worker sends no usage, the booked tokens must be an estimate."""
    one = stream(1)
    must_say(judged(one, actual(one), rows=[row(one, estimated=True)], estimated=True), PASSED)
    must_say(judged(one, actual(one), rows=[row(one)], estimated=True), FAILED)


@pytest.mark.parametrize(("booked", "answer"), [(2, FAILED), (3, PASSED), (5, PASSED), (6, FAILED)])
def test_aborted_stream_is_bounded(booked: int, answer: Any) -> None:
    """An aborted stream is booked with the tokens between the client's and the worker's count."""
    one = stream(1, saw_done=False, error=CLIENT_LEFT)
    gone = {"completion_tokens": booked, "estimated": True, "status": 499, "outcome": "client_gone"}
    must_say(judged(one, actual(one, output_tokens=5), rows=[row(one, **gone)]), answer)


@pytest.mark.parametrize(("changes", "answer"), [({}, PASSED), ({"completion_tokens": 4}, FAILED), ({"estimated": False}, FAILED)])
def test_broken_stream_is_exact(changes: dict[str, Any], answer: Any) -> None:
    """A broken stream is booked with exactly the tokens that its client received."""
    one = stream(1, saw_done=False, error="cut")
    broken = {"estimated": True, "outcome": "upstream_broke"} | changes
    must_say(judged(one, arrival(one, headers=WHO, model="model-a"), rows=[row(one, **broken)]), answer)


@pytest.mark.parametrize(("booked", "answer"), [(3, FAILED), (4, PASSED), (10, PASSED), (11, FAILED)])
def test_gateway_kill_loses_last_moments(booked: int, answer: Any) -> None:
    """After a kill of the gateway only the tokens of the last moments may be missing."""
    one = stream(1, count=10, saw_done=False, error="cut")
    killed = {"completion_tokens": booked, "estimated": True, "outcome": "interrupted", "status": 0}
    must_say(judged(one, actual(one, output_tokens=12), rows=[row(one, **killed)], lag_seconds=0.55), answer)


@pytest.mark.parametrize("outcome", ["client_gone", "interrupted"])
def test_answer_without_its_prompt_fails(outcome: str) -> None:
    """A partial answer is booked with its prompt."""
    one = stream(1, saw_done=False, error=CLIENT_LEFT)
    part = {"prompt_tokens": 0, "estimated": True, "outcome": outcome}
    must_say(judged(one, actual(one), rows=[row(one, **part)]), FAILED, "2 prompt tokens")


def test_open_row_fails() -> None:
    """A row without an outcome fails."""
    one = stream(1, saw_done=False, error="cut")
    must_say(judged(one, actual(one), rows=[row(one, estimated=True, outcome=None)]), FAILED)


def test_lost_token_fails() -> None:
    """A client that received other tokens than the worker sent fails."""
    one = stream(1)
    must_say(judged(one, actual(one, output_tokens=4), rows=[row(one, completion_tokens=4)]), FAILED, "it received 3")


def test_too_little_data_is_inconclusive() -> None:
    """No note of the ledger, no request, or no end of an answer gives no verdict."""
    one = stream(1)
    must_say(booked_once(tell(one), lag_seconds=0.5), INCONCLUSIVE, "0 notes")
    must_say(judged(rows=[]), INCONCLUSIVE)
    must_say(judged(one, arrival(one, headers=WHO, model="model-a"), rows=[row(one)]), INCONCLUSIVE, "no end in any journal")
