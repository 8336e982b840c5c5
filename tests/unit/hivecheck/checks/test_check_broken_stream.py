"""Checks: broken stream, broke off, unaffected."""

from __future__ import annotations

from typing import Any

import pytest
from stories import BATCH, BROKEN, FAILED, INCONCLUSIVE, PASSED, act, arrival, chat, must_say, served, stream, tell

from hivecheck.checks.streams.broken_stream import broke_off, broken_stream, unaffected
from hivecheck.history import Operation, Token

CUT = {"finish_reason": None, "saw_done": False}


def broken(**changes: Any) -> Operation:
    return stream(**(CUT | changes))


@pytest.mark.parametrize("operation_fields", [{"error": "payload is not whole"}, {"stream_error": {"code": "upstream_error"}}])
def test_visible_break_passes(operation_fields: dict[str, Any]) -> None:
    """A cut body or an error event makes the break visible."""
    must_say(broken_stream(tell(broken(**operation_fields))), PASSED, "r1")


@pytest.mark.parametrize(
    "operation_fields",
    [
        {},
        {"error": "payload is not whole", "saw_done": True},
        {"error": "payload is not whole", "finish_reason": "stop"},
        {"stream_error": {"code": "upstream_error"}, "saw_done": True, "finish_reason": "stop"},
    ],
)
def test_hidden_break_fails(operation_fields: dict[str, Any]) -> None:
    """A break that looks like a whole answer fails."""
    must_say(broken_stream(tell(broken(**operation_fields))), FAILED, "no finish reason")


def test_disorder_before_break_fails() -> None:
    """Tokens out of order before the break fail."""
    doubled = (Token(0.0, "t0 "), Token(0.1, "t0 "))
    must_say(broken_stream(tell(broken(tokens=doubled, error="cut"))), FAILED, "in order")


def test_one_whole_stream_fails() -> None:
    """A whole stream among broken ones fails."""
    must_say(broken_stream(tell(broken(error="cut"), stream(2))), FAILED, "r2")


def test_break_before_token_is_inconclusive() -> None:
    """A break before the first token gives no verdict."""
    must_say(broken_stream(tell(broken(tokens=(), error="cut"))), INCONCLUSIVE, "first token")


def test_no_stream_is_inconclusive() -> None:
    """A scenario without streams gives no verdict."""
    must_say(broken_stream(tell(chat())), INCONCLUSIVE)


def test_error_code_is_compared() -> None:
    """With `code` the error event must have that code."""
    request = broken(stream_error={"code": "draining"}, error="cut")
    must_say(broken_stream(tell(request), code="draining"), PASSED)
    must_say(broken_stream(tell(request), code="upstream_timeout"), FAILED, "error event upstream_timeout")


def broken_in_batch(**changes: Any) -> Operation:
    event = {"code": "upstream_timeout", "message": "m"}
    ending = {"finish_reason": None, "saw_done": False, "stream_error": event, "error": "cut", "ended_at": 0.5}
    return stream(**(ending | BATCH | changes))


def test_broke_off_passes() -> None:
    """A stream that breaks off with its error event passes."""
    request = broken_in_batch()
    must_say(broke_off(tell(request, arrival(request)), purpose="batch 1", seconds=1, code="upstream_timeout"), PASSED)


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"error": None}, "the body ended cleanly"),
        ({"saw_done": True}, "it has an end marker"),
        ({"finish_reason": "stop"}, "it has a finish reason"),
        ({"stream_error": None}, "the error event is None"),
        ({"ended_at": 9.0}, "after its last byte"),
        ({"tokens": ()}, "begins before it breaks off"),
        ({"status": 502}, "begins before it breaks off"),
    ],
)
def test_broke_off_other_end_fails(changes: dict[str, Any], phrase: str) -> None:
    """Every other end fails by name."""
    request = broken_in_batch(**changes)
    judged = broke_off(tell(request, arrival(request)), purpose="batch 1", seconds=1, code="upstream_timeout")
    must_say(judged, FAILED, phrase)


def test_broke_off_retry_fails() -> None:
    """A broken_in_batch stream that the gateway sent again fails."""
    request = broken_in_batch()
    again = tell(request, arrival(request), arrival(request, "worker-2"))
    must_say(broke_off(again, purpose="batch 1", seconds=1, code="upstream_timeout"), FAILED, "2 arrivals")


def test_broke_off_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(broke_off(tell(chat()), purpose="batch 1", seconds=1), INCONCLUSIVE)


def two_streams(**other: Any) -> list[Any]:
    first, second = stream(1, worker="w1", **BROKEN), stream(2, worker="w2", **other)
    return [first, second, arrival(first, "w1"), *served(second, "w2"), act("w1", "killed", at=0.2)]


def test_only_streams_of_dead_worker_break() -> None:
    """Only the streams of the killed worker may break, and both kinds must exist."""
    must_say(unaffected(tell(*two_streams())), PASSED)
    must_say(unaffected(tell(*two_streams(**BROKEN))), FAILED)
    alone = stream(1, worker="w1", **BROKEN)
    must_say(unaffected(tell(alone, arrival(alone, "w1"), act("w1", "killed", at=0.2))), INCONCLUSIVE)
