"""The token usage is read from any answer in any chunking, and the client loses no byte."""

from __future__ import annotations

import gzip
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestrator.usage.usage import BodyReading, Reading, Usage, estimate
from services.orchestrator.usage.usage_request import estimated_prompt, upstream_body
from services.orchestrator.usage.usage_stream import MAX_HELD_BYTES, StreamReading

CHAT = "/v1/chat/completions"
REPORTED = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}}
EXPECTED = Usage(5, 2, 3)


def event(**chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def token(text: str) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}], usage=None)


OPENING = event(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}], usage=None)
CLOSING = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=None)
EXTRA = event(choices=[], usage=REPORTED)
DONE = b"data: [DONE]\n\n"
OWN = [OPENING, token("t0 "), token("t1 "), CLOSING]


def read(reading: Reading, *pieces: bytes) -> tuple[bytes, Usage | None, int]:
    """The relayed bytes, the usage that the worker reported, and the counted tokens."""
    relayed = b"".join(map(reading.feed, pieces)) + reading.rest()
    return relayed, reading.usage(), reading.relayed_tokens()


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(edges)]


def test_usage_hidden() -> None:
    """A usage event that only the gateway requested is read and hidden."""
    assert read(StreamReading(is_hiding=True), *OWN, EXTRA, DONE) == (b"".join([*OWN, DONE]), EXPECTED, 2)


def test_usage_relayed() -> None:
    """A usage event that the client requested is read and relayed."""
    assert read(StreamReading(is_hiding=False), *OWN, EXTRA, DONE) == (b"".join([*OWN, EXTRA, DONE]), EXPECTED, 2)


@given(st.lists(st.integers(0, 10_000), max_size=12), st.booleans(), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_chunking(places: list[int], is_hiding: bool, line_end: bytes) -> None:
    """The chunking of a stream has no effect."""
    expected_events = [*OWN, DONE] if is_hiding else [*OWN, EXTRA, DONE]
    whole, expected = (b"".join(events).replace(b"\n", line_end) for events in ([*OWN, EXTRA, DONE], expected_events))
    assert read(StreamReading(is_hiding=is_hiding), *cut(whole, places)) == (expected, EXPECTED, 2)


@given(st.lists(st.binary(max_size=60), max_size=8), st.booleans())
def test_other_bytes(pieces: list[bytes], is_hiding: bool) -> None:
    """Bytes that are no events are relayed unchanged."""
    assert read(StreamReading(is_hiding=is_hiding), *pieces)[0] == b"".join(pieces)


def test_event_relayed_when_complete() -> None:
    """An event is relayed as soon as it is complete."""
    reading = StreamReading(is_hiding=True)
    assert reading.feed(OWN[1] + OWN[2][:20]) == OWN[1]
    assert reading.feed(OWN[2][20:]) == OWN[2]


def test_partial_event_at_end() -> None:
    """A partial event at the end is not lost."""
    reading = StreamReading(is_hiding=True)
    assert reading.feed(OWN[1][:20]) == b""
    assert reading.rest() == OWN[1][:20]


def test_long_event() -> None:
    """An event that is too long is relayed as it arrives, and later events are read."""
    reading = StreamReading(is_hiding=True)
    long = token("x" * 3 * MAX_HELD_BYTES)
    assert len(reading.feed(long[: 2 * MAX_HELD_BYTES])) > MAX_HELD_BYTES
    reading = StreamReading(is_hiding=True)
    pieces = [long[start : start + 5000] for start in range(0, len(long), 5000)]
    assert read(reading, *pieces, OWN[1], EXTRA, DONE) == (long + OWN[1] + DONE, EXPECTED, 1)


def test_usage_with_choices() -> None:
    """A chunk with choices and usage is not hidden."""
    both = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=REPORTED)
    assert read(StreamReading(is_hiding=True), both, DONE) == (both + DONE, EXPECTED, 0)


@pytest.mark.parametrize(
    "delta",
    [{"content": "a"}, {"reasoning_content": "a"}, {"refusal": "a"}, {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}],
)
def test_delta_kinds(delta: dict[str, Any]) -> None:
    """A delta of any kind counts as a token."""
    assert StreamReading(is_hiding=True).feed(event(choices=[{"delta": delta}]))
    assert read(StreamReading(is_hiding=True), event(choices=[{"delta": delta}, {"delta": delta}]))[2] == 2


@pytest.mark.parametrize("usage", [{"prompt_tokens": -1}, {"prompt_tokens": "5"}, {"completion_tokens": 2**60}, [], "x", {}])
def test_malformed_usage(usage: Any) -> None:
    """A malformed usage is ignored, and the tokens are counted."""
    chunk = event(choices=[{"delta": {"content": "a"}}], usage=usage)
    assert read(StreamReading(is_hiding=True), chunk, DONE) == (chunk + DONE, None, 1)


def test_comments_and_data_lines() -> None:
    """Comments and multi-line data are events too."""
    several = b': ping\n\ndata: {"choices": [],\ndata: "usage": ' + json.dumps(REPORTED).encode() + b"}\n\n"
    assert read(StreamReading(is_hiding=True), several, DONE) == (b": ping\n\n" + DONE, EXPECTED, 0)


def test_body_usage() -> None:
    """The usage of a body is read, and its bytes are relayed."""
    body = json.dumps({"choices": [{"message": {"content": "t0 t1 "}}], "usage": REPORTED}).encode()
    assert read(BodyReading(), body[:9], body[9:]) == (body, EXPECTED, 2)


def test_compressed_body() -> None:
    """A compressed body is read and relayed compressed."""
    body = gzip.compress(json.dumps({"usage": REPORTED}).encode())
    assert read(BodyReading("gzip"), body) == (body, EXPECTED, 0)


@pytest.mark.parametrize("usage", [{"prompt_tokens": 5, "total_tokens": 5}, {"total_tokens": 5}])
def test_prompt_only(usage: dict[str, int]) -> None:
    """Embeddings and rerankings report only a prompt."""
    assert read(BodyReading(), json.dumps({"usage": usage}).encode())[1] == Usage(5, 0, 0)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b'{"usage": 3}', b"[" * 100_000])
def test_body_without_usage(body: bytes) -> None:
    """A body without usage is counted by its text."""
    assert read(BodyReading("gzip"), body)[1] is None
    assert read(BodyReading(), body) == (body, None, 0)
    chat = json.dumps({"choices": [{"message": {"content": "one two"}}, {"text": "three"}]}).encode()
    assert read(BodyReading(), chat) == (chat, None, 3)


def test_estimate() -> None:
    """An estimate is the words, or a token per four bytes if that is more."""
    assert [estimate(text) for text in ("", "hello there", "abcdefgh", "你好你好", "\ud800")] == [0, 2, 2, 3, 1]


def test_include_usage_added() -> None:
    """A stream gets include_usage, and its other bytes stay."""
    body = b' {"model": "m" ,"stream":true, "x": 1.50, "big": 12345678901234567890}'
    upstream = upstream_body(CHAT, body)
    assert (upstream.body.replace(b'"stream_options":{"include_usage":true},', b"", 1), upstream.is_hidden) == (body, True)


@pytest.mark.parametrize(
    "options", [b"null", b"{}", b'{"include_usage":false}', b'{"include_usage": null}', b'{"y":1e3,"include_usage":false}']
)
def test_options_completed(options: bytes) -> None:
    """Options without usage are completed."""
    upstream = upstream_body(CHAT, b'{"x":1.50,"stream":true,"stream_options":' + options + b',"big":12345678901234567890}')
    sent = json.loads(upstream.body)
    assert sent["stream_options"] == (json.loads(options) or {}) | {"include_usage": True}
    assert b'"x":1.50' in upstream.body and b"12345678901234567890" in upstream.body
    assert upstream.is_hidden


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, b'{"stream":false}'),
        (CHAT, b'{"model":"m"}'),
        (CHAT, b'{"stream":true,"stream_options":{"include_usage":true}}'),
        (CHAT, b'{"stream":true,"stream_options":"yes"}'),
        (CHAT, b'{"note":"\\"stream\\""}'),
        ("/v1/other", b'{"stream":true}'),
    ],
)
def test_other_bodies_unchanged(path: str, body: bytes) -> None:
    """Every other body stays unchanged, and nothing is hidden."""
    upstream = upstream_body(path, body)
    assert (upstream.body, upstream.is_hidden) == (body, False)


def test_escaped_name() -> None:
    """A field name with escapes is the same name."""
    assert upstream_body(CHAT, b'{"\\u0073tream":true}').is_hidden


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        ({"messages": [{"content": "hello there"}, {"content": [{"type": "text", "text": "you"}, {"type": "image_url"}]}, {}]}, 3),
        ({"prompt": "hello there"}, 2),
        ({"prompt": ["one", [1, 2, 3]]}, 4),
        ({"prompt": [1, 2, 3]}, 3),
        ({"input": ["one two", "three"]}, 3),
        ({"documents": ["a"]}, 0),
        ([], 0),
    ],
)
def test_prompt_estimate(body: Any, tokens: int) -> None:
    """A prompt is estimated in each of its forms."""
    assert estimated_prompt(json.dumps(body).encode()) == tokens
