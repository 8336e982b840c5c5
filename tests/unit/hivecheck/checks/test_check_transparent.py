"""Check: same either way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, completion, must_say, stream, tell

from hivecheck.checks.answers.transparent import DIRECT, transparent
from hivecheck.history import Token


def test_the_same_seen_either_way_passes() -> None:
    must_say(transparent(tell(stream(1), stream(2, purpose=DIRECT))), PASSED)
    must_say(transparent(tell(chat(1, body=completion(id="a")), chat(2, body=completion(id="b"), purpose=DIRECT))), PASSED)


def test_an_id_in_what_was_no_json_does_not_count_and_the_rest_does() -> None:
    half = '{"id":"chatcmpl-%s", "created": %d, "model'
    one, other, odd = (chat(number, body=None, raw=half % (number, number)) for number in (1, 2, 3))
    must_say(transparent(tell(one, replace(other, purpose=DIRECT))), PASSED)
    must_say(transparent(tell(one, replace(odd, raw=odd.raw + "s", purpose=DIRECT))), FAILED, "what was no JSON")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 502}, "status"),
        ({"tokens": (Token(0.1, "t0 "),)}, "text"),
        ({"finish_reason": None}, "finish reason"),
        ({"saw_done": False}, "end marker"),
        ({"stream_error": {"code": "odd"}}, "error event"),
        ({"error": "cut"}, "broken off"),
        ({"headers": {"Content-Type": "text/html"}}, "content type"),
        ({"body": {"model": "other"}}, "body"),
    ],
)
def test_any_difference_fails_and_is_named(changes: dict[str, Any], word: str) -> None:
    must_say(transparent(tell(stream(1, **changes), stream(2, purpose=DIRECT))), FAILED, word)


def test_a_long_text_is_told_shortened() -> None:
    long = (Token(0.1, "x" * 500),)
    must_say(transparent(tell(stream(1), stream(2, tokens=long, purpose=DIRECT))), FAILED, "(500 characters)")


def test_requests_without_a_counterpart_are_inconclusive() -> None:
    must_say(transparent(tell(stream(1))), INCONCLUSIVE, "1 and 0")
    must_say(transparent(tell(stream(1, request={"n": 1}), stream(2, purpose=DIRECT))), INCONCLUSIVE, "the same request")
    must_say(transparent(tell(stream(1), stream(2, purpose=DIRECT, status=None))), INCONCLUSIVE)
