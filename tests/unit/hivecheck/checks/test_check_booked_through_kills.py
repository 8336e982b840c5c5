"""Check: booked through kills."""

from __future__ import annotations

from typing import Any

import pytest
from stories import BROKEN, FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_have_no_room, must_say, refused, state, stream, tell

from hivecheck.checks.usage.booked_through_kills import booked_through_kills
from hivecheck.history import Event, Operation, Token
from hivecheck.measurement.recovery import LOAD
from hivecheck.verdict import Verdict

KILL_AT = 0.5
# One token each 0.1 s for 2 s, until the gateway is killed.
CUT = stream(2, tokens=tuple(Token(0.1 * place, f"t{place} ") for place in range(20)), **BROKEN)
UNBOOKED = chat(3, purpose=LOAD, status=None, error="connection refused", body=None)


def kill(at: float = KILL_AT) -> Event:
    return Event(at, "fault", "orchestrator", {"what": "injected", "act": "killed", "inject_seconds": 0.0, "injected_at": at})


def row(operation: Operation, **changes: Any) -> dict[str, Any]:
    """The right row of a request that `worker-1` answered in full."""
    cost = {"prompt_tokens": 2, "completion_tokens": len(operation.tokens) or 2, "cached_tokens": 0, "estimated": False}
    return {"request_id": operation.id, "worker": "worker-1", "attempts": 1, "status": 200, "outcome": "ok"} | cost | changes


def part(tokens: int, **changes: Any) -> dict[str, Any]:
    return row(CUT, completion_tokens=tokens, outcome="interrupted", estimated=True, status=0, **changes)


def served(operation: Operation) -> list[Event]:
    return [arrival(operation), end(operation, output_tokens=len(operation.tokens) or 2, prompt_tokens=2)]


def judged(*items: Any, rows: list[dict[str, Any]], kills: int = 1) -> Verdict:
    return booked_through_kills(tell(*items, state("orchestrator", ledger=rows)), kills=kills, lag_seconds=0.5)


def test_answers_and_interruptions_pass() -> None:
    """Answers with their tokens, interrupted requests and requests that reached no worker pass."""
    one = chat(1, purpose=LOAD)
    rows = [row(one), part(18)]
    must_say(judged(kill(), one, CUT, UNBOOKED, served(one), served(CUT), rows=rows), PASSED, "1 answer of 2 served requests", "1 kill")


def test_row_without_arrival_passes() -> None:
    """A kill between the row and the attempt leaves a row without an arrival."""
    one = chat(1, purpose=LOAD)
    rows = [row(one), row(UNBOOKED, outcome="interrupted", estimated=True, completion_tokens=0)]
    must_say(judged(kill(), one, UNBOOKED, served(one), rows=rows), PASSED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"outcome": "interrupted"},
        {"estimated": True},
        {"prompt_tokens": 0},
        {"completion_tokens": 1},
        {"completion_tokens": 3},
        {"cached_tokens": 1},
        {"status": 0},
        {"worker": "worker-2"},
        {"attempts": 2},
        {"outcome": None},
    ],
)
def test_wrong_row_of_an_answer_fails(wrong: dict[str, Any]) -> None:
    """Each wrong figure of a whole answer fails."""
    one = chat(1)
    must_say(judged(kill(), one, served(one), rows=[row(one, **wrong)]), FAILED, "r1 is booked once")


@pytest.mark.parametrize("request_of", [chat(2), CUT])
def test_lost_row_fails(request_of: Operation) -> None:
    """A request that a worker received and that has no row fails, answered or broken."""
    one = chat(1)
    rows = [row(one)]
    must_say(judged(kill(), one, request_of, served(one), served(request_of), rows=rows), FAILED, "r2: ", "not booked, with 1 arrival")


@pytest.mark.parametrize("request_of", [chat(2), CUT, UNBOOKED])
def test_doubled_row_fails(request_of: Operation) -> None:
    """Two rows of a request fail, also where the client saw no answer."""
    one = chat(1)
    rows = [row(one), *[row(request_of, outcome="interrupted", estimated=True)] * 2]
    must_say(judged(kill(), one, request_of, served(one), served(request_of), rows=rows), FAILED, "booked 2 times")


@pytest.mark.parametrize(("tokens", "words"), [(13, "13 tokens instead of 14 to 20"), (21, "21 tokens instead of 14 to 20")])
def test_wrong_part_fails(tokens: int, words: str) -> None:
    """An interrupted stream costs what its client had received before the lag at least, and what the worker sent at most."""
    must_say(judged(kill(), CUT, served(CUT), rows=[part(tokens)]), FAILED, words)
    must_say(judged(kill(), CUT, served(CUT), rows=[part(14)]), PASSED)
    must_say(judged(kill(), CUT, served(CUT), rows=[part(20)]), PASSED)


def test_interrupted_row_is_an_estimate() -> None:
    """An interrupted stream that counts as reported by its worker fails."""
    must_say(judged(kill(), CUT, served(CUT), rows=[part(18) | {"estimated": False}]), FAILED, "booked as counted")


def test_broken_stream_of_a_running_gateway_costs_everything() -> None:
    """A stream that the worker broke off has no lag."""
    broken = part(19) | {"outcome": "upstream_broke"}
    must_say(judged(kill(), CUT, served(CUT), rows=[broken]), FAILED, "19 tokens instead of 20 to 20")


def test_refusal_costs_nothing() -> None:
    """A refused request that is booked with tokens fails."""
    one = refused(1)
    free = {"outcome": "error", "prompt_tokens": 0, "completion_tokens": 0}
    must_say(judged(kill(), one, served(one), rows=[row(one, **free)]), PASSED)
    must_say(judged(kill(), one, served(one), rows=[row(one, **free | {"completion_tokens": 1})]), FAILED, "with tokens")


def test_too_few_kills_no_room() -> None:
    """A kill counts only if a request was at a worker. Fewer such kills than demanded give no verdict."""
    one = chat(1)
    story = [one, UNBOOKED, served(one)]
    must_have_no_room(judged(*story, kill(), kill(1.5), rows=[row(one)], kills=2), "1 such kill")
    must_have_no_room(judged(*story, rows=[row(one)]), "0 such kills")
    must_have_no_room(judged(UNBOOKED, kill(), rows=[]), "0 such kills")


def test_missing_facts_are_inconclusive() -> None:
    """Without a note of the ledger, or without the end of an answer in a journal, there is no verdict."""
    one = chat(1)
    must_say(booked_through_kills(tell(kill(), one, served(one)), kills=1, lag_seconds=0.5), INCONCLUSIVE, "0 notes")
    must_say(judged(kill(), one, arrival(one), rows=[row(one)]), INCONCLUSIVE, "1 answer without an end: r1")
