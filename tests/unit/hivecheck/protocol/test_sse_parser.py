"""Server-sent events as bytes, split at any place."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hivecheck.protocol.sse import EVENT_LIMIT_BYTES, EventParser

# Other work on the machine slows single examples down, and that is no finding.
PATIENT = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
LINE_ENDS = [b"\n", b"\r\n", b"\r"]


def events(*pieces: bytes) -> list[bytes]:
    parser = EventParser()
    return [event for piece in pieces for event in parser.feed(piece)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in itertools.pairwise(edges)]


STREAMS = [
    (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
    (b": comment\n\ndata: a\n\n: more\n", [b"a"]),
    (b"event: x\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
    (b"data: a\ndata: b\ndata:c\n\n", [b"a\nb\nc"]),
    (b"data:a\n\ndata:  a\n\ndata\n\ndata:\n\n", [b"a", b" a", b"", b""]),
    (b"\n\n\ndata: a\n\n\n\ndata: b\n\n", [b"a", b"b"]),
    (b"data: a\n\ndata: b\n", [b"a"]),
    (b"data: a\n\ndata: b", [b"a"]),
    (b"database: a\nxdata: a\n\n", []),
    ("data: tü\n\n".encode(), ["tü".encode()]),
    (b"data: [DONE]\n\n", [b"[DONE]"]),
]


@PATIENT
@given(case=st.sampled_from(STREAMS), line_end=st.sampled_from(LINE_ENDS), places=st.lists(st.integers(0, 1000), max_size=12))
def test_events_at_any_split(case: tuple[bytes, list[bytes]], line_end: bytes, places: list[int]) -> None:
    """The events are the same with each line end and wherever the bytes are split."""
    data, expected = case
    assert events(*cut(data.replace(b"\n", line_end), places)) == expected


@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_event_with_its_last_byte(line_end: bytes) -> None:
    """An event comes with the first byte that ends its empty line, and not with the next event."""
    data = b"data: a" + line_end * 2
    data = data.removesuffix(b"\n") if line_end == b"\r\n" else data
    assert events(data) == [b"a"]
    assert events(*(data[at : at + 1] for at in range(len(data) - 1))) == []


LINES = st.lists(st.sampled_from([b"data: {}", b"data:x", b"data", b": c", b"id: 1", b"", b"", b"\xff"]), max_size=20)


@PATIENT
@given(LINES, st.lists(st.sampled_from(LINE_ENDS), min_size=20, max_size=20), st.lists(st.integers(0, 500), max_size=12))
def test_mixed_line_ends_at_any_split(lines: list[bytes], line_ends: list[bytes], places: list[int]) -> None:
    """A stream that mixes its line ends has the same events at any split."""
    data = b"".join(line + line_end for line, line_end in zip(lines, line_ends, strict=False))
    assert events(*cut(data, places)) == events(data)


@PATIENT
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_at_any_split(data: bytes, places: list[int]) -> None:
    """Any bytes give the same events at any split."""
    assert events(*cut(data, places)) == events(data)


@pytest.mark.parametrize("piece", [b"x" * 65536, b"data: " + b"x" * 65536 + b"\n", b"data\n" * 8192])
def test_endless_event(piece: bytes) -> None:
    """An event without an end is an error at the limit, and takes no more memory."""
    parser = EventParser()
    for _ in range(4 * EVENT_LIMIT_BYTES // len(piece)):
        assert parser.feed(piece) == []
    assert "an event exceeds" in parser.error
    assert parser.feed(b"\n\ndata: a\n\n") == []


def processor_seconds(pieces: list[bytes]) -> float:
    begun = time.process_time()
    events(*pieces)
    return time.process_time() - begun


@pytest.mark.parametrize("piece", [b"data: x\n\n", b"x", b"data: x\n"])
def test_linear_time(piece: bytes) -> None:
    """Ten times the pieces take about ten times the processor time, and not a hundred times."""
    few = min(processor_seconds([piece] * 5_000) for _ in range(3))
    many = min(processor_seconds([piece] * 50_000) for _ in range(3))
    assert many < 40 * few
