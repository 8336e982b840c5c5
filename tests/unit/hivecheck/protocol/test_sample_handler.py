"""What an OpenAI answer means for the sample of a load request."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from hivecheck.protocol.answer import Expectations, SampleHandler
from hivecheck.protocol.exchange import Failure, FailureKind
from hivecheck.protocol.http1 import ResponseHead
from hivecheck.protocol.sample import Outcome, Sample

NUMBERED = Expectations(stall_seconds=0.5, is_numbered=True)
FREE = Expectations()
DONE = "[DONE]"
STOP: dict[str, Any] = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


def token(text: str, name: str = "content") -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {name: text}, "finish_reason": None}]}


def usage(tokens: int) -> dict[str, Any]:
    return {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": tokens, "total_tokens": 7 + tokens}}


def handler_of(expectations: Expectations, *, is_stream: bool = True) -> SampleHandler:
    ended: list[Sample] = []
    return SampleHandler(Sample(1, 0.0, is_stream=is_stream), ended.append, expectations)


def told(events: list[Any], expectations: Expectations = NUMBERED, status: int = 200, every: float = 0.1) -> Sample:
    """The sample of a stream with one event each `every` seconds, from 1.0 on."""
    handler = handler_of(expectations)
    handler.on_head(ResponseHead(status, "", ()), 0.9)
    now = 1.0
    for event in events:
        handler.on_event(event if isinstance(event, bytes) else (event if isinstance(event, str) else json.dumps(event)).encode(), now)
        now += every
    handler.on_end(now)
    return handler.sample


WHOLE = [token("t0 "), token("t1 "), token("t2 "), STOP, usage(3), DONE]


def test_complete_stream() -> None:
    """A complete stream has all its moments, counts and no cause."""
    sample = told(WHOLE)
    assert (sample.outcome, sample.cause, sample.status, sample.finish_reason, sample.saw_done) == (Outcome.COMPLETE, "", 200, "stop", True)
    assert (sample.chunks, sample.completion_tokens, sample.prompt_tokens) == (3, 3, 7)
    assert (sample.headers_at, sample.first_token_at, sample.first_answer_at) == (0.9, 1.0, 1.0)
    assert list(sample.token_times) == pytest.approx([1.0, 1.1, 1.2])
    assert (sample.last_token_at, sample.ended_at) == (sample.token_times[-1], pytest.approx(1.6))


@pytest.mark.parametrize(
    ("events", "outcome", "words"),
    [
        ([token("t0 "), token("t1 ")], Outcome.TRUNCATED, "finish_reason"),
        ([token("t0 "), token("t1 "), DONE], Outcome.TRUNCATED, "finish_reason"),
        ([], Outcome.TRUNCATED, "finish_reason"),
        ([token("t0 "), STOP, usage(1)], Outcome.UNTERMINATED, "[DONE]"),
        ([token("t0 "), token("t1 "), token("t1 "), STOP, DONE], Outcome.DUPLICATED, "t1 twice"),
        ([token("t0 "), token("t2 "), token("t1 "), STOP, DONE], Outcome.REORDERED, "t1 is late"),
        ([token("t0 "), token("t2 "), STOP, DONE], Outcome.TRUNCATED, "t1 is missing"),
        ([token("t0 "), token("word "), STOP, DONE], Outcome.MALFORMED, "without a number"),
        ([token("t0 "), token("t99999999999 "), STOP, DONE], Outcome.MALFORMED, "without a number"),
        ([token("t0 "), {"error": {"code": "upstream_error"}}, DONE], Outcome.ERROR_EVENT, "upstream_error"),
        ([token("t0 "), {"error": "died"}], Outcome.ERROR_EVENT, "died"),
        ([token("t0 "), b"{", STOP, DONE], Outcome.MALFORMED, "JSON"),
        ([token("t0 "), b"5", STOP, DONE], Outcome.MALFORMED, "JSON"),
        ([token("t0 "), b"\xff", STOP, DONE], Outcome.MALFORMED, "JSON"),
        ([token("t0 "), {"choices": [{"finish_reason": 5}]}, DONE], Outcome.MALFORMED, "JSON"),
        ([*WHOLE[:4], usage(4), DONE], Outcome.USAGE_MISMATCH, "usage"),
        ([*WHOLE[:4], usage(2), DONE], Outcome.USAGE_MISMATCH, "usage"),
    ],
)
def test_incomplete_stream(events: list[Any], outcome: Outcome, words: str) -> None:
    """Each way to be incomplete has a class of its own, and a cause."""
    sample = told(events)
    assert (sample.outcome, words in sample.cause) == (outcome, True)


def test_several_tokens_in_a_chunk() -> None:
    """A chunk with several numbered tokens is one chunk, and its tokens are compared one by one."""
    sample = told([token("t0 t1 "), token("t2 "), STOP, usage(3), DONE])
    assert (sample.outcome, sample.chunks) == (Outcome.COMPLETE, 2)


def test_stall() -> None:
    """A gap above the limit is a stall, and a stream without a limit has none."""
    assert told(WHOLE, every=0.6).outcome is Outcome.STALLED
    assert told(WHOLE, FREE, every=600.0).outcome is Outcome.COMPLETE


def test_any_text_without_numbers() -> None:
    """Without numbers any text is right, and only a usage below the chunks is wrong."""
    assert told([token("a"), token("a"), STOP, usage(5), DONE], FREE).outcome is Outcome.COMPLETE
    assert told([token("a"), token("a"), STOP, DONE], FREE).outcome is Outcome.COMPLETE
    assert told([token("a"), token("a"), STOP, usage(1), DONE], FREE).outcome is Outcome.USAGE_MISMATCH


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_no_answer(name: str) -> None:
    """Reasoning counts as a token, and the first answer token comes after it."""
    sample = told([token("hm", name), token("hm", name), token("a"), STOP, DONE], FREE)
    assert (sample.chunks, sample.first_token_at, sample.first_answer_at) == (3, 1.0, pytest.approx(1.2))


def test_empty_and_role_chunks_are_no_tokens() -> None:
    """A chunk without text is no token. Tool calls are."""
    role = {"choices": [{"delta": {"role": "assistant", "content": ""}}]}
    sample = told([role, {"choices": None}, {}, STOP, DONE], FREE)
    assert (sample.chunks, math.isnan(sample.first_token_at), len(sample.token_times)) == (0, True, 0)
    assert told([{"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}, STOP, DONE], FREE).chunks == 1


def test_completions_stream() -> None:
    """Completions stream their text in another field."""
    sample = told([{"choices": [{"text": "t0 "}]}, {"choices": [{"text": "t1 ", "finish_reason": "length"}]}, DONE])
    assert (sample.outcome, sample.chunks, sample.finish_reason) == (Outcome.COMPLETE, 2, "length")


@pytest.mark.parametrize(
    ("status", "body", "outcome", "cause"),
    [
        (200, {"choices": [{"finish_reason": "stop"}], "usage": {"completion_tokens": 3}}, Outcome.COMPLETE, ""),
        (503, {"error": {"code": "overloaded", "message": "no slot"}}, Outcome.REFUSED, "503 overloaded, no Retry-After"),
        (400, {"error": {"type": "invalid_request_error"}}, Outcome.REFUSED, "400 invalid_request_error"),
        (502, b"<html>", Outcome.REFUSED, "502"),
        (200, {"error": {"code": "late"}}, Outcome.ERROR_EVENT, "late"),
        (200, b"<html>", Outcome.MALFORMED, "the body is not a JSON object of the expected form"),
        (200, b"", Outcome.MALFORMED, "the body is not a JSON object of the expected form"),
    ],
)
def test_unary(status: int, body: Any, outcome: Outcome, cause: str) -> None:
    """A unary answer is complete with a 2xx status and JSON. A refusal names its status and code."""
    handler = handler_of(FREE, is_stream=False)
    handler.on_head(ResponseHead(status, "", ()), 1.0)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    for at in range(0, len(data), 7):
        handler.on_body(data[at : at + 7], 2.0)
    handler.on_end(3.0)
    assert (handler.sample.outcome, handler.sample.cause) == (outcome, cause)
    assert handler.sample.ended_at == 3.0


@pytest.mark.parametrize("status", [429, 503])
def test_refusal_with_retry_after(status: int) -> None:
    """The cause of a refusal with a time for the next attempt is its status and code alone."""
    handler = handler_of(FREE)
    handler.on_head(ResponseHead(status, "", (("Retry-After", "1"),)), 1.0)
    handler.on_body(json.dumps({"error": {"code": "overloaded"}}).encode(), 2.0)
    handler.on_end(3.0)
    assert (handler.sample.outcome, handler.sample.cause) == (Outcome.REFUSED, f"{status} overloaded")


def test_body_instead_of_stream() -> None:
    """A stream that is answered with a body is malformed, and refused with an error status."""
    for status, outcome in ((200, Outcome.MALFORMED), (429, Outcome.REFUSED)):
        handler = handler_of(FREE)
        handler.on_head(ResponseHead(status, "", ()), 1.0)
        handler.on_body(b'{"choices": []}', 1.0)
        handler.on_end(2.0)
        assert handler.sample.outcome is outcome


@pytest.mark.parametrize(
    ("failure", "events", "status", "outcome", "cause"),
    [
        (Failure(FailureKind.REFUSED, "127.0.0.1:1"), [], 0, Outcome.CONNECTION, "connection refused"),
        (Failure(FailureKind.TLS, "x"), [], 0, Outcome.CONNECTION, "TLS failed"),
        (Failure(FailureKind.RESET), [token("t0 ")], 200, Outcome.TRUNCATED, "connection reset"),
        (Failure(FailureKind.CLOSED, "x"), [token("t0 "), STOP], 200, Outcome.UNTERMINATED, "connection closed"),
        (Failure(FailureKind.CLOSED, "x"), [], 503, Outcome.REFUSED, "503 connection closed"),
        (Failure(FailureKind.MALFORMED, "chunk size"), [token("t0 ")], 200, Outcome.MALFORMED, "malformed response"),
        (Failure(FailureKind.DEADLINE, "no end within 5 s"), [token("t0 ")], 200, Outcome.HUNG, "no end within 5 s"),
        (Failure(FailureKind.LEFT, "the client left"), [], 0, Outcome.HUNG, "the client left"),
    ],
)
def test_failed_exchange(failure: Failure, events: list[Any], status: int, outcome: Outcome, cause: str) -> None:
    """A failed exchange has the class of what was missing, and the failure as its cause."""
    handler = handler_of(NUMBERED)
    if status:
        handler.on_head(ResponseHead(status, "", ()), 1.0)
    for event in events:
        handler.on_event(json.dumps(event).encode(), 1.0)
    handler.on_failure(failure, 2.0)
    assert (handler.sample.outcome, handler.sample.cause, handler.sample.ended_at) == (outcome, cause, 2.0)


def test_new_connection_is_marked() -> None:
    """A request that had to open a connection is marked."""
    handler = handler_of(FREE)
    assert not handler.sample.is_new_connection
    handler.on_connect()
    assert handler.sample.is_new_connection
