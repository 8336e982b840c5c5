"""Check: warm turns."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, PID, arrival, end, must_say, stream, tell

from hivecheck.checks.sessions.warm_turns import warm_turns
from hivecheck.history import Event, Operation


def turn(number: int, seconds: float, reported: int | None, journaled: int | None = None) -> list[Operation | Event]:
    """A turn with this TTFT in seconds, and with cached tokens as usage and journal have them."""
    usage: dict[str, Any] = {"prompt_tokens": 9} | ({} if reported is None else {"prompt_tokens_details": {"cached_tokens": reported}})
    sent = {"X-Request-Id": f"r{number}", "X-Session-ID": "s"}
    operation = stream(number, at=10.0 * number, usage=usage, sent_headers=sent)
    first = Event(
        10.0 * number + seconds, "journal", "worker-1", {"event": "first_token", "pid": PID, "n": f"r{number}", "request_id": f"r{number}"}
    )
    cached = reported if journaled is None else journaled
    return [operation, arrival(operation), first, end(operation, slot_at=10.0 * number, cached_tokens=cached)]


def test_warm_turn_passes() -> None:
    """A cold turn and a warm turn pass."""
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, 8)), at_most=0.5), PASSED, "8 cached")


def test_uncached_turn_fails() -> None:
    """A later turn without cached tokens fails."""
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, 0)), at_most=0.5), FAILED, "usage 0 and 0")
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, None)), at_most=0.5), FAILED)


def test_other_count_fails() -> None:
    """A usage with other cached tokens than the journal fails."""
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.05, 8, journaled=7)), at_most=0.5), FAILED)


def test_slow_warm_turn_fails() -> None:
    """A cached turn that is not faster fails."""
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *turn(2, 0.3, 8)), at_most=0.5), FAILED, "0.3")


def test_too_little_data_is_inconclusive() -> None:
    """A single turn, or no first token in a journal, gives no verdict."""
    must_say(warm_turns(tell(*turn(1, 0.4, 0)), at_most=0.5), INCONCLUSIVE)
    cut = turn(2, 0.05, 8)
    del cut[2]
    must_say(warm_turns(tell(*turn(1, 0.4, 0), *cut), at_most=0.5), INCONCLUSIVE)
