"""Check: own answer."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, chat, completion, must_have_no_room, must_say, refused, stream, tell

from hivecheck.checks.answers.own_answer import own_answer
from hivecheck.history import Operation


def unary(number: int, tokens: int, actual: int | None = None, **changes: Any) -> Operation:
    body = completion(usage={"completion_tokens": tokens if actual is None else actual})
    return chat(number, at=0.1 * number, request={"max_tokens": tokens}, **({"body": body} | changes))


def streamed(number: int, tokens: int, actual: int | None = None) -> Operation:
    return stream(number, count=tokens if actual is None else actual, started_at=0.1 * number, request={"max_tokens": tokens})


def test_own_answers_pass() -> None:
    """Answers with the requested number of tokens pass."""
    must_say(own_answer(tell(unary(1, 2), streamed(2, 3), unary(3, 4))), PASSED)


def test_swapped_answers_fail() -> None:
    """The answer of another request fails."""
    must_say(own_answer(tell(unary(1, 2, actual=4), unary(2, 4, actual=2))), FAILED, "actual: r1, model-a and 4")
    must_say(own_answer(tell(unary(1, 2), streamed(2, 3, actual=2))), FAILED, "actual: r2, model-a and 2")


def test_other_model_or_id_fails() -> None:
    """An answer of another model or with another id fails."""
    must_say(
        own_answer(tell(unary(1, 2, body=completion(model="model-b", usage={"completion_tokens": 2})), unary(2, 3))), FAILED, "model-b"
    )
    must_say(own_answer(tell(unary(1, 2, headers={"X-Request-Id": "r2"}), unary(2, 3))), FAILED, "actual: r2, model-a and 2")


def test_refused_request_fails() -> None:
    """A request without an answer fails."""
    must_say(own_answer(tell(unary(1, 2), refused(2, started_at=0.2, request={"max_tokens": 3}))), FAILED, "r2 is answered")


def test_indistinct_requests_are_inconclusive() -> None:
    """Equal token limits give no verdict."""
    must_say(own_answer(tell(unary(1, 2), unary(2, 2))), INCONCLUSIVE, "different max_tokens")


def test_own_answer_no_room() -> None:
    """Requests one after the other cannot be swapped."""
    must_have_no_room(own_answer(tell(unary(1, 2), unary(50, 3))), "one after the other")
