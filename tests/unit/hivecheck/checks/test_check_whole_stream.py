"""Check: whole stream."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, served, stream, tell

from hivecheck.checks.streams.whole_stream import whole_stream
from hivecheck.history import Token


def test_a_whole_stream_passes() -> None:
    told = stream(count=3)
    must_say(whole_stream(tell(told, served(told))), PASSED, "3 tokens")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 500}, "status 500"),
        ({"error": "payload is not whole"}, "payload is not whole"),
        ({"stream_error": {"code": "upstream_error"}}, "error event"),
        ({"finish_reason": None}, "no finish reason"),
        ({"saw_done": False}, "no [DONE]"),
        ({"tokens": ()}, "no token at all"),
        ({"tokens": (Token(0.0, "t0 "), Token(0.1, "t0 "))}, "in order they would be"),
        ({"tokens": (Token(0.0, "t0 "), Token(0.1, "t2 "))}, "in order they would be"),
        ({"tokens": (Token(0.0, "t1 "), Token(0.1, "t0 "))}, "in order they would be"),
    ],
)
def test_each_way_of_not_being_whole_fails_by_name(changes: dict[str, Any], word: str) -> None:
    told = stream(**changes)
    must_say(whole_stream(tell(told, served(told))), FAILED, word)


def test_fewer_tokens_than_the_worker_sent_fail() -> None:
    told = stream(count=3)
    must_say(whole_stream(tell(told, served(told, output_tokens=4))), FAILED, "the 4 tokens that worker-1 sent")


def test_one_torn_stream_among_whole_ones_fails() -> None:
    one, two = stream(1), stream(2, saw_done=False)
    must_say(whole_stream(tell(one, two, served(one), served(two))), FAILED, "r2")


def test_a_stream_whose_end_no_journal_shows_is_inconclusive() -> None:
    told = stream()
    must_say(whole_stream(tell(told, arrival(told))), INCONCLUSIVE, "no end noted")


def test_no_stream_is_inconclusive() -> None:
    must_say(whole_stream(tell(chat())), INCONCLUSIVE)


@given(count=st.integers(1, 8), data=st.data())
def test_no_permutation_repetition_or_loss_of_tokens_is_whole(count: int, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, count - 1), max_size=count + 1))
    told = stream(tokens=tuple(Token(0.0, f"t{place} ") for place in places))
    verdict = whole_stream(tell(told, served(told, output_tokens=count)))
    must_say(verdict, PASSED if places == list(range(count)) else FAILED)
