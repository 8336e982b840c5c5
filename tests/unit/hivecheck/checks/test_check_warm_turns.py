"""Check: warm turns."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, PID, arrival, end, must_say, stream, tell

from hivecheck.checks.sessions.warm_turns import warm_turns
from hivecheck.history import Event, Operation


def turn(number: int, seconds: float, told: int | None, journaled: int | None = None) -> list[Operation | Event]:
    """A turn whose first token took so long, with so many cached tokens by client and journal."""
    usage: dict[str, Any] = {"prompt_tokens": 9} | ({} if told is None else {"prompt_tokens_details": {"cached_tokens": told}})
    sent = {"X-Request-Id": f"r{number}", "X-Session-ID": "s"}
    operation = stream(number, at=10.0 * number, usage=usage, sent_headers=sent)
    first = Event(
        10.0 * number + seconds, "journal", "worker-1", {"event": "first_token", "pid": PID, "n": f"r{number}", "request_id": f"r{number}"}
    )
    cached = told if journaled is None else journaled
    return [operation, arrival(operation), first, end(operation, slot_at=10.0 * number, cached_tokens=cached)]


def test_a_cold_turn_and_a_warm_one_pass() -> None:
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, 8)), at_most=0.5), PASSED, "[8] cached")


def test_a_later_turn_without_cached_tokens_fails() -> None:
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, 0)), at_most=0.5), FAILED, "[0, 0]")
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, None)), at_most=0.5), FAILED)


def test_a_client_that_is_told_otherwise_than_the_journal_fails() -> None:
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, 8, journaled=7)), at_most=0.5), FAILED)


def test_a_cached_turn_that_is_not_sooner_fails() -> None:
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.3, 8)), at_most=0.5), FAILED, "0.3")


def test_one_turn_or_no_first_token_is_inconclusive() -> None:
    must_say(warm_turns(tell(*turn(1, 0.4, 0)), at_most=0.5), INCONCLUSIVE)
    cut = turn(2, 0.05, 8)
    del cut[2]
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *cut), at_most=0.5), INCONCLUSIVE)
