"""Check: whole stream."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, served, stream, tell

from hivecheck.checks.streams.whole_stream import whole_stream
from hivecheck.history import Token


def test_whole_stream_passes() -> None:
    """A whole stream passes."""
    request = stream(count=3)
    must_say(whole_stream(tell(request, served(request))), PASSED, "3 tokens")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 500}, "status 500"),
        ({"error": "payload is not whole"}, "payload is not whole"),
        ({"stream_error": {"code": "upstream_error"}}, "error event"),
        ({"finish_reason": None}, "no finish reason"),
        ({"saw_done": False}, "no [DONE]"),
        ({"tokens": ()}, "no token"),
        ({"tokens": (Token(0.0, "t0 "), Token(0.1, "t0 "))}, "instead of"),
        ({"tokens": (Token(0.0, "t0 "), Token(0.1, "t2 "))}, "instead of"),
        ({"tokens": (Token(0.0, "t1 "), Token(0.1, "t0 "))}, "instead of"),
    ],
)
def test_defect_fails(changes: dict[str, Any], word: str) -> None:
    """Each defect of a stream fails by name."""
    request = stream(**changes)
    must_say(whole_stream(tell(request, served(request))), FAILED, word)


def test_fewer_tokens_fail() -> None:
    """Fewer tokens than the worker sent fail."""
    request = stream(count=3)
    must_say(whole_stream(tell(request, served(request, output_tokens=4))), FAILED, "all tokens that worker-1 sent, 4")


def test_one_torn_stream_fails() -> None:
    """One torn stream among whole ones fails."""
    one, two = stream(1), stream(2, saw_done=False)
    must_say(whole_stream(tell(one, two, served(one), served(two))), FAILED, "r2")


def test_missing_end_is_inconclusive() -> None:
    """A stream without an end in a journal gives no verdict."""
    request = stream()
    must_say(whole_stream(tell(request, arrival(request))), INCONCLUSIVE, "no end in any journal")


def test_no_stream_is_inconclusive() -> None:
    """A scenario without streams gives no verdict."""
    must_say(whole_stream(tell(chat())), INCONCLUSIVE)


@given(count=st.integers(1, 8), data=st.data())
def test_any_disorder_fails(count: int, data: st.DataObject) -> None:
    """No permutation, repetition or loss of tokens passes as whole."""
    places = data.draw(st.lists(st.integers(0, count - 1), max_size=count + 1))
    request = stream(tokens=tuple(Token(0.0, f"t{place} ") for place in places))
    verdict = whole_stream(tell(request, served(request, output_tokens=count)))
    must_say(verdict, PASSED if places == list(range(count)) else FAILED)
