"""Check: broken stream."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, stream, tell

from hivecheck.checks.streams.broken_stream import broken_stream
from hivecheck.history import Operation, Token

CUT = {"finish_reason": None, "saw_done": False}


def broken(**changes: Any) -> Operation:
    return stream(**(CUT | changes))


@pytest.mark.parametrize("seen", [{"error": "payload is not whole"}, {"stream_error": {"code": "upstream_error"}}])
def test_a_stream_that_breaks_off_so_that_its_client_can_tell_passes(seen: dict[str, Any]) -> None:
    must_say(broken_stream(tell(broken(**seen))), PASSED, "r1")


@pytest.mark.parametrize(
    "seen",
    [
        {},
        {"error": "payload is not whole", "saw_done": True},
        {"error": "payload is not whole", "finish_reason": "stop"},
        {"stream_error": {"code": "upstream_error"}, "saw_done": True, "finish_reason": "stop"},
    ],
)
def test_a_break_that_looks_like_an_end_fails(seen: dict[str, Any]) -> None:
    must_say(broken_stream(tell(broken(**seen))), FAILED, "no finish reason")


def test_tokens_out_of_order_before_the_break_fail() -> None:
    doubled = (Token(0.0, "t0 "), Token(0.1, "t0 "))
    must_say(broken_stream(tell(broken(tokens=doubled, error="cut"))), FAILED, "in order")


def test_one_bad_stream_among_good_ones_fails() -> None:
    must_say(broken_stream(tell(broken(error="cut"), stream(2))), FAILED, "r2")


def test_a_break_before_the_first_token_is_inconclusive() -> None:
    must_say(broken_stream(tell(broken(tokens=(), error="cut"))), INCONCLUSIVE, "first token")


def test_no_stream_at_all_is_inconclusive() -> None:
    must_say(broken_stream(tell(chat())), INCONCLUSIVE)


def test_the_error_event_may_be_asked_for_by_its_code() -> None:
    told = broken(stream_error={"code": "draining"}, error="cut")
    must_say(broken_stream(tell(told), code="draining"), PASSED)
    must_say(broken_stream(tell(told), code="upstream_timeout"), FAILED, "error event upstream_timeout")
