"""Check: transparent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, completion, must_say, stream, tell

from hivecheck.checks.answers.transparent import DIRECT, transparent
from hivecheck.history import Token


def test_same_response_passes() -> None:
    """The same response on both paths passes, apart from id and creation time."""
    must_say(transparent(tell(stream(1), stream(2, purpose=DIRECT))), PASSED)
    must_say(transparent(tell(chat(1, body=completion(id="a")), chat(2, body=completion(id="b"), purpose=DIRECT))), PASSED)


def test_id_in_raw_body_does_not_count() -> None:
    """In a body that is no JSON, only id and creation time may differ."""
    half = '{"id":"chatcmpl-%s", "created": %d, "model'
    one, other, broken = (chat(number, body=None, raw=half % (number, number)) for number in (1, 2, 3))
    must_say(transparent(tell(one, replace(other, purpose=DIRECT))), PASSED)
    must_say(transparent(tell(one, replace(broken, raw=broken.raw + "s", purpose=DIRECT))), FAILED, "body that is no JSON")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 502}, "status"),
        ({"tokens": (Token(0.1, "t0 "),)}, "chunks"),
        ({"tokens": (Token(0.1, "t0 t1 "), Token(0.1, "t2 "))}, "chunks"),
        ({"finish_reason": None}, "finish reason"),
        ({"saw_done": False}, "end marker"),
        ({"usage_chunks": 1}, "usage chunks"),
        ({"stream_error": {"code": "broken"}}, "error event"),
        ({"error": "cut"}, "broken off"),
        ({"headers": {"Content-Type": "text/html"}}, "content type"),
        ({"body": {"model": "other"}}, "body"),
    ],
)
def test_difference_fails(changes: dict[str, Any], word: str) -> None:
    """Any difference fails by name."""
    must_say(transparent(tell(stream(1, **changes), stream(2, purpose=DIRECT))), FAILED, word)


def test_long_text_is_shortened() -> None:
    """A long text is shortened in the message."""
    long = (Token(0.1, "x" * 500),)
    must_say(transparent(tell(stream(1), stream(2, tokens=long, purpose=DIRECT))), FAILED, "(504 characters)")


def test_unpaired_request_is_inconclusive() -> None:
    """A request without its equal on the other path gives no verdict."""
    must_say(transparent(tell(stream(1))), INCONCLUSIVE, "1 through the gateway, 0 direct")
    must_say(transparent(tell(stream(1, request={"n": 1}), stream(2, purpose=DIRECT))), INCONCLUSIVE, "the same request")
    must_say(transparent(tell(stream(1), stream(2, purpose=DIRECT, status=None))), INCONCLUSIVE)
