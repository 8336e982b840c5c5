"""HTTP/1.1 responses as bytes, split at any place."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hivecheck.protocol.http1 import HEAD_LIMIT_BYTES, LINE_LIMIT_BYTES, RequestHead, ResponseHead, ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
# Other work on the machine slows single examples down, and that is no finding.
PATIENT = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
Result = tuple[ResponseHead | None, bytes, bool, bool, bool]


def parse(*pieces: bytes, ends: bool = False, is_head_request: bool = False) -> tuple[ResponseParser, bytes]:
    parser = ResponseParser(is_head_request=is_head_request)
    body = b"".join(part for piece in pieces for part in parser.feed(piece))
    if ends:
        parser.feed_end()
    return parser, body


def result(*pieces: bytes, ends: bool = False) -> Result:
    parser, body = parse(*pieces, ends=ends)
    return parser.head, body if not parser.error else b"", parser.is_complete, parser.is_reusable, bool(parser.error)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges) if begin < end]


WHOLE = [
    (OK + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
    (OK + b"content-length: 5, 5\r\n\r\nhello", b"hello", True),
    (OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", b"hello", True),
    (OK + b"Content-Length: 0\r\n\r\n", b"", True),
    (OK + b"Content-Length: 2\r\nConnection: Close\r\n\r\nhi", b"hi", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi", b"hi", True),
    (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", b"hi", True),
    (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", b"hi", True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", True),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", b"hi", True),
    (CHUNKED + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world", True),
    (CHUNKED + b"5;name=value\r\nhello\r\n0;x\r\nX-Trailer: 1\r\nX-More: 2\r\n\r\n", b"hello", True),
    (CHUNKED + b'a ; q="\xff"\r\n0123456789\r\n000\r\n\r\n', b"0123456789", True),
    (CHUNKED + b"5\nhello\n0\n\n", b"hello", True),
    (OK + b"Transfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi", False),
]


@PATIENT
@given(case=st.sampled_from(WHOLE), places=st.lists(st.integers(0, 10_000), max_size=12))
def test_whole_response_at_any_split(case: tuple[bytes, bytes, bool], places: list[int]) -> None:
    """A whole response has the same body, end and connection wherever its bytes are split."""
    data, body, is_reusable = case
    parser, actual = parse(*cut(data, places))
    assert (parser.error, parser.is_complete, actual, parser.is_reusable) == ("", True, body, is_reusable)


@pytest.mark.parametrize("data", [data for data, _, _ in WHOLE])
def test_whole_response_byte_by_byte(data: bytes) -> None:
    """A response that comes byte by byte ends with its last byte."""
    parser, _ = parse(*(data[at : at + 1] for at in range(len(data) - 1)))
    assert (parser.error, parser.is_complete) == ("", False)
    parser.feed(data[-1:])
    assert parser.is_complete


MALFORMED = [
    b"garbage",
    b"\r\n\r\n",
    b"HTTQ",
    b"HTTP/2 200 OK\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 20x OK\r\n\r\n",
    b"HTTP/1.1 099 OK\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    OK + b"no colon\r\n\r\n",
    OK + b": empty\r\n\r\n",
    OK + b"Name : value\r\n\r\n",
    OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    OK + b"Content-Length: -1\r\n\r\n",
    OK + b"Content-Length: 5x\r\n\r\n",
    OK + b"Content-Length: \xb2\r\n\r\n",
    OK + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    CHUNKED + b"\r\n",
    CHUNKED + b"x\r\n",
    CHUNKED + b"-5\r\n",
    CHUNKED + b"+5\r\n",
    CHUNKED + b"0x5\r\nhello\r\n",
    CHUNKED + b"1_0\r\n",
    CHUNKED + b"5 5\r\n",
    CHUNKED + b"f" * 17 + b"\r\n",
    CHUNKED + b"5\r\nhello!\r\n",
    CHUNKED + b"5;" + b"x" * LINE_LIMIT_BYTES + b"\r\n",
    CHUNKED + b"0\r\n" + b"x" * (LINE_LIMIT_BYTES + 1) + b"\r\n",
    CHUNKED + b"0\r\n" + (b"x" * 4000 + b"\r\n") * 20,
    OK + b"X: " + b"x" * HEAD_LIMIT_BYTES + b"\r\n\r\n",
    b"HTTP/1.1 " + b"2" * HEAD_LIMIT_BYTES,
]


@pytest.mark.parametrize("number", range(len(MALFORMED)))
def test_malformed_response(number: int) -> None:
    """A malformed response is an error, and its connection is not used again."""
    parser, _ = parse(MALFORMED[number] + b"\r\n" * 3)
    assert (bool(parser.error), parser.is_complete, parser.is_reusable) == (True, False, False)


@PATIENT
@given(number=st.integers(0, len(MALFORMED) - 1), places=st.lists(st.integers(0, 100_000), max_size=6))
def test_malformed_response_at_any_split(number: int, places: list[int]) -> None:
    """A malformed response is an error wherever its bytes are split."""
    parser, _ = parse(*cut(MALFORMED[number] + b"\r\n" * 3, places))
    assert parser.error
    assert (parser.is_complete, parser.is_reusable) == (False, False)


@PATIENT
@given(data=st.binary(max_size=300), places=st.lists(st.integers(0, 300), max_size=8), begins=st.sampled_from([b"", OK, CHUNKED]))
def test_any_bytes_at_any_split(data: bytes, places: list[int], begins: bytes) -> None:
    """Any bytes give the same result at any split, and raise nothing."""
    whole = begins + data
    assert result(*cut(whole, places), ends=True) == result(whole, ends=True)


@PATIENT
@given(data=st.text(alphabet="HTTP/1. 200\r\n:;a5content-length", max_size=120), places=st.lists(st.integers(0, 300), max_size=8))
def test_almost_a_response_at_any_split(data: str, places: list[int]) -> None:
    """Bytes that resemble a response give the same result at any split."""
    whole = CHUNKED + data.encode()
    assert result(*cut(whole, places), ends=True) == result(whole, ends=True)
    whole = b"HTTP/1.1 200" + data.encode()
    assert result(*cut(whole, places), ends=True) == result(whole, ends=True)


@PATIENT
@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.sampled_from([b"", b";e", b" ;e=1"])), max_size=20),
    st.lists(st.integers(0, 2000), max_size=20),
)
def test_chunks_of_any_size(chunks: list[tuple[bytes, bytes]], places: list[int]) -> None:
    """A chunked body is the sum of its chunks."""
    data = CHUNKED + b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk, extension in chunks) + b"0\r\n\r\n"
    parser, body = parse(*cut(data, places))
    assert (parser.error, parser.is_complete, body) == ("", True, b"".join(chunk for chunk, _ in chunks))


def test_body_until_close() -> None:
    """A body without a length ends with its connection."""
    parser, body = parse(OK + b"\r\nhel", b"lo")
    assert (parser.is_complete, body) == (False, b"hello")
    parser.feed_end()
    assert (parser.error, parser.is_complete, parser.is_reusable) == ("", True, False)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "without a response"),
        (OK, "inside the head"),
        (OK + b"Content-Length: 5\r\n\r\nhel", "before the end of the body"),
        (CHUNKED, "inside a chunked body"),
        (CHUNKED + b"5\r\nhel", "inside a chunked body"),
        (CHUNKED + b"5\r\nhello\r\n", "inside a chunked body"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n", "inside a chunked body"),
    ],
)
def test_early_close(data: bytes, words: str) -> None:
    """A connection that closes before the end of the response is an error with its place."""
    parser, _ = parse(*([data] if data else []), ends=True)
    assert words in parser.error
    assert (parser.is_complete, parser.has_bytes) == (False, bool(data))


def test_answer_to_head_has_no_body() -> None:
    """The response to HEAD ends with its head."""
    parser, _ = parse(OK + b"Content-Length: 5\r\n\r\n", is_head_request=True)
    assert (parser.is_complete, parser.is_reusable) == (True, True)


@pytest.mark.parametrize("data", [OK + b"Content-Length: 2\r\n\r\nhi", CHUNKED + b"0\r\n\r\n"])
def test_bytes_after_the_end(data: bytes) -> None:
    """Bytes after the end of a response are no part of it, and the connection is not used again."""
    for pieces in ([data + b"HTTP"], [data, b"HTTP"]):
        parser, body = parse(*pieces)
        assert (parser.is_complete, parser.is_reusable, body) == (True, False, b"hi" if b"hi" in data else b"")


def test_head_fields() -> None:
    """Headers keep their order and spelling, and a name finds its first value in any case."""
    parser, _ = parse(OK + b"X-One: 1\r\nx-one: 2\r\nSet-Cookie:a=\xc3\xbc \r\nLong: a\r\n  b\r\nContent-Length: 0\r\n\r\n")
    assert parser.head is not None
    assert parser.head.headers[:4] == (("X-One", "1"), ("x-one", "2"), ("Set-Cookie", "a=ü"), ("Long", "a b"))
    assert (parser.head.get("x-one"), parser.head.get("absent"), parser.head.reason) == ("1", "", "OK")


@pytest.mark.parametrize(
    ("value", "is_stream"), [("text/event-stream", True), ("Text/Event-Stream; charset=utf-8", True), ("text/html", False)]
)
def test_event_stream_type(value: str, is_stream: bool) -> None:
    """The content type tells an event stream, in any case and with parameters."""
    assert ResponseHead(200, "OK", (("Content-Type", value),)).is_event_stream is is_stream


def processor_seconds(pieces: list[bytes]) -> float:
    begun = time.process_time()
    parser, _ = parse(*pieces)
    assert not parser.error
    return time.process_time() - begun


@pytest.mark.parametrize("piece", [b"1\r\nx\r\n", b"x"])
def test_linear_time(piece: bytes) -> None:
    """Ten times the pieces take about ten times the processor time, and not a hundred times."""
    head = CHUNKED if piece.startswith(b"1") else OK + b"\r\n"
    few = min(processor_seconds([head, *[piece] * 5_000]) for _ in range(3))
    many = min(processor_seconds([head, *[piece] * 50_000]) for _ in range(3))
    assert many < 40 * few


def test_request_bytes() -> None:
    """A request has its headers as given, the host, and the length of its body."""
    head = RequestHead("POST", "/v1/x", "h:1", {"X-A": "ü", "user-agent": "mine"})
    assert head.bytes(b"{}").split(b"\r\n") == [
        b"POST /v1/x HTTP/1.1",
        b"Host: h:1",
        b"Accept: */*",
        b"Accept-Encoding: identity",
        b"X-A: \xc3\xbc",
        b"user-agent: mine",
        b"Content-Length: 2",
        b"",
        b"{}",
    ]
    assert RequestHead("GET", "/", "h", {}).bytes().endswith(b"hivecheck\r\n\r\n")


@pytest.mark.parametrize(("target", "headers"), [("/a b", {}), ("/a\r\nX: 1", {}), ("/", {"X": "1\r\nY: 2"}), ("/", {"X\n": "1"})])
def test_request_without_injection(target: str, headers: dict[str, str]) -> None:
    """A line break in a target or header is refused."""
    with pytest.raises(ValueError, match="expected: a request"):
        RequestHead("POST", target, "h", headers)
