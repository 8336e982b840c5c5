"""What an answer cost is read from whatever a worker sends, in whatever pieces it comes; the client loses no byte that is its own."""

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
SAID = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}}
READ = Usage(5, 2, 3)


def event(**chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def token(text: str) -> bytes:
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}], usage=None)


OPENING = event(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}], usage=None)
CLOSING = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=None)
EXTRA = event(choices=[], usage=SAID)
DONE = b"data: [DONE]\n\n"
OWN = [OPENING, token("t0 "), token("t1 "), CLOSING]


def read(reading: Reading, *pieces: bytes) -> tuple[bytes, Usage | None, int]:
    """What the client got, what the worker said, what was counted."""
    got = b"".join(map(reading.feed, pieces)) + reading.rest()
    return got, reading.usage(), reading.relayed_tokens()


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(edges)]


def test_a_usage_that_was_not_asked_for_is_read_and_hidden() -> None:
    assert read(StreamReading(is_hiding=True), *OWN, EXTRA, DONE) == (b"".join([*OWN, DONE]), READ, 2)


def test_a_usage_that_was_asked_for_is_read_and_passed_on() -> None:
    assert read(StreamReading(is_hiding=False), *OWN, EXTRA, DONE) == (b"".join([*OWN, EXTRA, DONE]), READ, 2)


@given(st.lists(st.integers(0, 10_000), max_size=12), st.booleans(), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_how_the_stream_is_cut_into_pieces_changes_nothing(places: list[int], is_hiding: bool, line_end: bytes) -> None:
    shown = [*OWN, DONE] if is_hiding else [*OWN, EXTRA, DONE]
    whole, wanted = (b"".join(events).replace(b"\n", line_end) for events in ([*OWN, EXTRA, DONE], shown))
    assert read(StreamReading(is_hiding=is_hiding), *cut(whole, places)) == (wanted, READ, 2)


@given(st.lists(st.binary(max_size=60), max_size=8), st.booleans())
def test_bytes_that_are_no_events_pass_as_they_are(pieces: list[bytes], is_hiding: bool) -> None:
    assert read(StreamReading(is_hiding=is_hiding), *pieces)[0] == b"".join(pieces)


def test_a_complete_event_is_passed_on_at_once_and_half_a_one_when_it_is_over() -> None:
    reading = StreamReading(is_hiding=True)
    assert reading.feed(OWN[1] + OWN[2][:20]) == OWN[1]
    assert reading.feed(OWN[2][20:]) == OWN[2]


def test_half_an_event_at_the_end_is_not_lost() -> None:
    reading = StreamReading(is_hiding=True)
    assert reading.feed(OWN[1][:20]) == b""
    assert reading.rest() == OWN[1][:20]


def test_an_event_too_long_to_be_kept_back_goes_on_as_it_comes_and_the_next_ones_are_read() -> None:
    reading = StreamReading(is_hiding=True)
    long = token("x" * 3 * MAX_HELD_BYTES)
    assert len(reading.feed(long[: 2 * MAX_HELD_BYTES])) > MAX_HELD_BYTES
    reading = StreamReading(is_hiding=True)
    pieces = [long[start : start + 5000] for start in range(0, len(long), 5000)]
    assert read(reading, *pieces, OWN[1], EXTRA, DONE) == (long + OWN[1] + DONE, READ, 1)


def test_a_chunk_with_choices_and_a_usage_is_not_hidden() -> None:
    both = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=SAID)
    assert read(StreamReading(is_hiding=True), both, DONE) == (both + DONE, READ, 0)


@pytest.mark.parametrize(
    "delta",
    [{"content": "a"}, {"reasoning_content": "a"}, {"refusal": "a"}, {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}],
)
def test_a_delta_of_any_kind_is_a_token(delta: dict[str, Any]) -> None:
    assert StreamReading(is_hiding=True).feed(event(choices=[{"delta": delta}]))
    assert read(StreamReading(is_hiding=True), event(choices=[{"delta": delta}, {"delta": delta}]))[2] == 2


@pytest.mark.parametrize("odd", [{"prompt_tokens": -1}, {"prompt_tokens": "5"}, {"completion_tokens": 2**60}, [], "x", {}])
def test_a_usage_that_is_none_is_not_believed_and_the_tokens_are_still_counted(odd: Any) -> None:
    chunk = event(choices=[{"delta": {"content": "a"}}], usage=odd)
    assert read(StreamReading(is_hiding=True), chunk, DONE) == (chunk + DONE, None, 1)


def test_comments_and_data_on_several_lines_are_events_too() -> None:
    several = b': ping\n\ndata: {"choices": [],\ndata: "usage": ' + json.dumps(SAID).encode() + b"}\n\n"
    assert read(StreamReading(is_hiding=True), several, DONE) == (b": ping\n\n" + DONE, READ, 0)


def test_the_usage_of_one_answer_is_read_and_its_bytes_pass() -> None:
    body = json.dumps({"choices": [{"message": {"content": "t0 t1 "}}], "usage": SAID}).encode()
    assert read(BodyReading(), body[:9], body[9:]) == (body, READ, 2)


def test_a_compressed_answer_is_read_and_passes_compressed() -> None:
    body = gzip.compress(json.dumps({"usage": SAID}).encode())
    assert read(BodyReading("gzip"), body) == (body, READ, 0)


@pytest.mark.parametrize("usage", [{"prompt_tokens": 5, "total_tokens": 5}, {"total_tokens": 5}])
def test_embeddings_and_rerankings_have_a_prompt_only(usage: dict[str, int]) -> None:
    assert read(BodyReading(), json.dumps({"usage": usage}).encode())[1] == Usage(5, 0, 0)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b'{"usage": 3}', b"[" * 100_000])
def test_an_answer_without_a_usage_is_counted_by_its_text(body: bytes) -> None:
    assert read(BodyReading("gzip"), body)[1] is None
    assert read(BodyReading(), body) == (body, None, 0)
    chat = json.dumps({"choices": [{"message": {"content": "one two"}}, {"text": "three"}]}).encode()
    assert read(BodyReading(), chat) == (chat, None, 3)


def test_an_estimate_is_words_or_a_token_for_every_four_bytes() -> None:
    assert [estimate(text) for text in ("", "hello there", "abcdefgh", "你好你好", "\ud800")] == [0, 2, 2, 3, 1]


def test_a_stream_is_made_to_tell_its_usage_and_is_else_left_byte_for_byte() -> None:
    body = b' {"model": "m" ,"stream":true, "x": 1.50, "big": 12345678901234567890}'
    asked = upstream_body(CHAT, body)
    assert (asked.body.replace(b'"stream_options":{"include_usage":true},', b"", 1), asked.is_hidden) == (body, True)


@pytest.mark.parametrize(
    "options", [b"null", b"{}", b'{"include_usage":false}', b'{"include_usage": null}', b'{"y":1e3,"include_usage":false}']
)
def test_options_that_ask_for_no_usage_are_completed(options: bytes) -> None:
    asked = upstream_body(CHAT, b'{"x":1.50,"stream":true,"stream_options":' + options + b',"big":12345678901234567890}')
    told = json.loads(asked.body)
    assert told["stream_options"] == (json.loads(options) or {}) | {"include_usage": True}
    assert b'"x":1.50' in asked.body and b"12345678901234567890" in asked.body
    assert asked.is_hidden


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
def test_every_other_body_stays_as_it_is_and_nothing_is_hidden(path: str, body: bytes) -> None:
    asked = upstream_body(path, body)
    assert (asked.body, asked.is_hidden) == (body, False)


def test_a_name_written_with_escapes_is_the_same_name() -> None:
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
def test_a_prompt_is_estimated_in_every_form_it_may_have(body: Any, tokens: int) -> None:
    assert estimated_prompt(json.dumps(body).encode()) == tokens
