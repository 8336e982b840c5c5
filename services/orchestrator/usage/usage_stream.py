"""Reads the usage from an event stream while the gateway relays it, and removes a usage event that only the gateway requested. Pure."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from services.orchestrator.usage.usage import ReportedUsage, Usage, decoded

MAX_HELD_BYTES = 16 * 1024  # A usage event is far smaller. A longer event is relayed unread, to bound the memory.
_EVENT_END = re.compile(rb"\n\n|\r\n\r\n|\n\r\n|\r\r")
_LONGEST_END_BYTES = 4
_DONE = b"[DONE]"


class Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[msgspec.Raw] | None = None


class Piece(msgspec.Struct):
    """One choice of a chunk, of a chat or (`text`) of a completion."""

    delta: Delta | None = None
    text: str | None = None

    def has_content(self) -> bool:
        new = self.delta
        return bool(self.text or (new and (new.content or new.reasoning_content or new.reasoning or new.refusal or new.tool_calls)))


class Chunk(msgspec.Struct):
    usage: ReportedUsage | None = None
    choices: list[Piece] | None = None


class _ChunkWithoutUsage(msgspec.Struct):
    choices: list[Piece] | None = None


_CHUNK = msgspec.json.Decoder(Chunk)
_CHUNK_WITHOUT_USAGE = msgspec.json.Decoder(_ChunkWithoutUsage)


class StreamReading:
    """Implements `usage.Reading`. With `is_hiding`, it does not relay a chunk that contains only the usage.

    Each choice with content counts as one token, because workers send each token as one chunk.
    """

    __slots__ = ("_held", "_is_hiding", "_is_long", "_tokens", "_usage")

    def __init__(self, *, is_hiding: bool) -> None:
        self._usage: Usage | None = None
        self._is_hiding = is_hiding
        self._is_long = False
        self._tokens = 0
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        data = self._held + chunk if self._held else chunk
        passed, start = [], 0
        for end in _event_ends(data):
            event, start = data[start:end], end
            if self._is_long:
                self._is_long = False
            elif self._read(event):
                continue
            passed.append(event)
        kept = data[start:]
        if self._is_long or len(kept) > MAX_HELD_BYTES:
            self._is_long = True
            # The last bytes can be the start of the blank line that ends the event.
            passed.append(kept[:-_LONGEST_END_BYTES])
            kept = kept[-_LONGEST_END_BYTES:]
        self._held = kept
        return b"".join(passed) if self._is_hiding else chunk

    def rest(self) -> bytes:
        kept, self._held = self._held, b""
        return kept if self._is_hiding else b""

    def usage(self) -> Usage | None:
        return self._usage

    def relayed_tokens(self) -> int:
        return self._tokens

    def _read(self, event: bytes) -> bool:
        """Read one event. True if it contains only the usage and must be hidden."""
        data = _data_of(event)
        if not data or data == _DONE:
            return False
        chunk = decoded(_CHUNK, data) or decoded(_CHUNK_WITHOUT_USAGE, data)
        if chunk is None:
            return False
        self._tokens += sum(piece.has_content() for piece in chunk.choices or ())
        usage = chunk.usage.counted() if isinstance(chunk, Chunk) and chunk.usage else None
        self._usage = usage or self._usage
        return self._is_hiding and usage is not None and chunk.choices == []


def _event_ends(data: bytes) -> Any:
    """The end offsets of all complete events, with their blank lines."""
    if b"\r" in data:
        yield from (match.end() for match in _EVENT_END.finditer(data))
        return
    end = data.find(b"\n\n")
    while end >= 0:
        yield end + 2
        end = data.find(b"\n\n", end + 2)


def _data_of(event: bytes) -> bytes:
    """The data of an event, with several data lines joined."""
    text = event.strip()
    if text.startswith(b"data:") and b"\n" not in text and b"\r" not in text:
        return text[5:].strip()
    return b"\n".join(line[5:].strip() for line in text.splitlines() if line.startswith(b"data:"))
