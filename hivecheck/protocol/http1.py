"""HTTP/1.1 as bytes: the request to send, and an incremental parser of its response. No socket, no clock.

The parser follows RFC 9112. It accepts a bare LF as a line end. Bad bytes never raise: `error` says what is wrong.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

HEAD_LIMIT_BYTES = 64 * 1024  # also of all trailers together
LINE_LIMIT_BYTES = 8 * 1024  # of a chunk's size line and of one trailer
SIZE_DIGITS = 16  # of a chunk; a body of 2**64 bytes has no use
HEXADECIMAL = b"0123456789abcdefABCDEF"
FORBIDDEN = frozenset("\r\n\0")


class RequestHead:
    """The head of requests that differ in their body only. Raises ValueError for a line break inside a header."""

    def __init__(self, method: str, target: str, host: str, headers: Mapping[str, str]) -> None:
        # A compressed stream would come in blocks, and each block would hide the arrival of its tokens.
        fields = {"Host": host, "Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "hivecheck"}
        names = {name.lower() for name in headers}
        fields = {name: value for name, value in fields.items() if name.lower() not in names} | dict(headers)
        for words in (method, target, *fields, *fields.values()):
            if not FORBIDDEN.isdisjoint(words):
                raise ValueError(f"expected: a request head without line breaks\nactual: {words!r}")
        if " " in target:
            raise ValueError(f"expected: a request target without spaces\nactual: {target!r}")
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        self._bytes = "\r\n".join(lines).encode() + b"\r\n"
        self._has_body = method not in ("GET", "HEAD")

    def bytes(self, body: bytes = b"") -> bytes:
        """The whole request."""
        if not self._has_body:
            return self._bytes + b"\r\n"
        return b"%bContent-Length: %d\r\n\r\n%b" % (self._bytes, len(body), body)


class ResponseHead(NamedTuple):
    """A status line and headers, in their order and their spelling."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The first value of a header, by its name in lower case. Empty if there is none."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return ""

    @property
    def is_event_stream(self) -> bool:
        return self.get("content-type").partition(";")[0].strip().lower() == "text/event-stream"


# Integers, because the members of an Enum cost a call each, and the parser asks for its state several times a token.
_HEAD, _LENGTH, _UNTIL_CLOSE, _CHUNK_SIZE, _CHUNK_DATA, _CHUNK_END, _TRAILERS, _OVER = range(8)


class ResponseParser:
    """The parser of one response. `feed` takes bytes as they come and gives the pieces of the body in them.

    `head` is None until it is whole. `is_complete` tells that the response ended as it should.
    `is_reusable` tells whether the connection may carry another request after that.
    """

    __slots__ = (
        "_buffer",
        "_has_bytes",
        "_is_head_request",
        "_left",
        "_searched",
        "_state",
        "_trailer_bytes",
        "error",
        "head",
        "is_complete",
        "is_reusable",
    )

    def __init__(self, *, is_head_request: bool = False) -> None:
        self.head: ResponseHead | None = None
        self.error = ""
        self.is_complete = False
        self.is_reusable = False
        self._is_head_request = is_head_request
        self._state = _HEAD
        self._buffer = bytearray()  # of the head, a size line or a trailer; a body is never kept
        self._searched = 0  # so many bytes of the buffer hold no end of the head
        self._left = 0  # bytes of the body or of the chunk that are still to come
        self._trailer_bytes = 0
        self._has_bytes = False

    @property
    def has_bytes(self) -> bool:
        """Whether one byte of the response came."""
        return self._has_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces of the body in `data`, in order."""
        pieces: list[bytes] = []
        self._has_bytes = True
        if self._state == _HEAD:
            data = self._feed_head(data)
        if data:
            self._feed_body(data, pieces)
        return pieces

    def feed_end(self) -> None:
        """The peer closed the connection."""
        if self.is_complete or self.error:
            return
        if self._state == _UNTIL_CLOSE:
            self._complete()
        elif self._state == _HEAD:
            self._fail("closed inside the head" if self._has_bytes else "closed without a response")
        elif self._state == _LENGTH:
            self._fail("closed before the end of the body")
        else:
            self._fail("closed inside a chunked body")

    def _feed_body(self, data: bytes, pieces: list[bytes]) -> None:
        state = self._state
        if _CHUNK_SIZE <= state <= _TRAILERS:
            self._feed_chunks(data, pieces)
        elif state == _LENGTH:
            self._feed_length(data, pieces)
        elif state == _UNTIL_CLOSE:
            pieces.append(data)
        else:
            # Bytes of an answer to no request. The next request would take them for its own.
            self.is_reusable = False

    def _feed_head(self, data: bytes) -> bytes:
        """Returns what follows the head."""
        self._buffer += data
        while self._state == _HEAD:
            buffer = self._buffer
            if not b"HTTP/".startswith(buffer[:5]):
                return self._fail("the response does not begin with HTTP/")
            begin = max(self._searched - 2, 0)
            strict = buffer.find(b"\n\r\n", begin)
            bare = buffer.find(b"\n\n", begin, strict + 1 if strict >= 0 else len(buffer))
            end, after = (bare, bare + 2) if bare >= 0 else (strict, strict + 3)
            if end > HEAD_LIMIT_BYTES or (end < 0 and len(buffer) > HEAD_LIMIT_BYTES + 3):
                return self._fail(f"the head exceeds {HEAD_LIMIT_BYTES} bytes")
            if end < 0:
                self._searched = len(buffer)
                return b""
            lines, rest = bytes(buffer[:end]), bytes(buffer[after:])
            self._searched = 0
            self._buffer = bytearray()
            self._take_head(lines)
            if self._state != _HEAD:
                return rest if not self.error else b""
            # An interim response. The final one follows.
            self._buffer += rest
            if not rest:
                return b""
        return b""

    def _take_head(self, lines: bytes) -> None:
        first, *fields = lines.decode("utf-8", "replace").split("\n")
        version, _, rest = first.rstrip("\r").partition(" ")
        code, _, reason = rest.partition(" ")
        if version not in ("HTTP/1.1", "HTTP/1.0") or len(code) != 3 or not (code.isascii() and code.isdigit()):
            self._fail(f"status line {first[:80]!r}")
            return
        status = int(code)
        headers: list[tuple[str, str]] = []
        for line in fields:
            name, colon, value = line.partition(":")
            if line[:1] in (" ", "\t") and headers:
                headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip()}".strip())  # a folded line continues the one before
            elif not colon or not name or name != name.strip():
                self._fail(f"header line {line[:80]!r}")
                return
            else:
                headers.append((name, value.strip(" \t\r")))
        if status == 101 or status < 100:
            self._fail(f"unexpected status {status}")
        elif status >= 200:
            self.head = ResponseHead(status, reason, tuple(headers))
            self._take_framing(version, status, headers)

    def _take_framing(self, version: str, status: int, headers: list[tuple[str, str]]) -> None:
        """How the body ends: RFC 9112, section 6.3."""
        lengths: set[str] = set()
        codings: list[str] = []
        options: set[str] = set()
        for key, value in headers:
            name = key.lower()
            if name == "content-length":
                lengths.update(part.strip() for part in value.split(","))
            elif name == "transfer-encoding":
                codings += [part.strip().lower() for part in value.split(",")]
            elif name == "connection":
                options.update(part.strip().lower() for part in value.split(","))
        self.is_reusable = "close" not in options and (version == "HTTP/1.1" or "keep-alive" in options)
        if self._is_head_request or status in (204, 304):
            self._complete()
        elif codings:
            # A length beside a coding is a sign of smuggling: the body is read, and the connection is not used again.
            self.is_reusable = self.is_reusable and not lengths
            self._state = _CHUNK_SIZE if codings[-1] == "chunked" else _UNTIL_CLOSE
        elif not lengths:
            self._state = _UNTIL_CLOSE
        elif len(lengths) > 1:
            self._fail(f"content-length {', '.join(sorted(lengths))}")
        else:
            self._take_length(lengths.pop())
        if self._state == _UNTIL_CLOSE:
            self.is_reusable = False

    def _take_length(self, length: str) -> None:
        if not (length.isascii() and length.isdigit()) or len(length) > 2 * SIZE_DIGITS:
            self._fail(f"content-length {length[:80]!r}")
            return
        self._left, self._state = int(length), _LENGTH
        if not self._left:
            self._complete()

    def _feed_length(self, data: bytes, pieces: list[bytes]) -> None:
        left = self._left - len(data)
        if left > 0:
            self._left = left
            pieces.append(data)
            return
        pieces.append(data[: self._left])
        self._complete()
        if left:
            self.is_reusable = False

    def _feed_chunks(self, data: bytes, pieces: list[bytes]) -> None:
        if self._buffer:
            data = bytes(self._buffer) + data
            self._buffer = bytearray()
        position, end, state, left = 0, len(data), self._state, self._left
        while position < end:
            if state == _CHUNK_DATA:
                piece = data[position : position + left]
                pieces.append(piece)
                position += len(piece)
                left -= len(piece)
                if left:
                    break
                state = _CHUNK_END
                continue
            line_end = data.find(b"\n", position)
            if line_end < 0:
                self._buffer += data[position:]
                if len(self._buffer) > LINE_LIMIT_BYTES + 1:
                    self._fail(f"a line of the chunked body exceeds {LINE_LIMIT_BYTES} bytes")
                    return
                break
            line = data[position : line_end - 1 if data[line_end - 1] == 13 and line_end > position else line_end]
            position = line_end + 1
            if state == _CHUNK_SIZE:
                left = _chunk_size(line)
                if left < 0:
                    self._refuse_size(line)
                    return
                state = _CHUNK_DATA if left else _TRAILERS
                after = position + left
                if left and data[after : after + 2] == b"\r\n":  # the usual case: a whole chunk
                    pieces.append(data[position:after])
                    position, state = after + 2, _CHUNK_SIZE
            elif state == _CHUNK_END:
                if line:
                    self._fail("a chunk is longer than its size")
                    return
                state = _CHUNK_SIZE
            elif not self._is_last_trailer(line):
                if self.error:
                    return
            else:
                self._complete()
                if position < end:
                    self.is_reusable = False
                return
        self._state, self._left = state, left

    def _refuse_size(self, line: bytes) -> None:
        is_long = len(line) > LINE_LIMIT_BYTES
        self._fail(f"a line of the chunked body exceeds {LINE_LIMIT_BYTES} bytes" if is_long else f"chunk size {line[:40]!r}")

    def _is_last_trailer(self, line: bytes) -> bool:
        self._trailer_bytes += len(line)
        if len(line) > LINE_LIMIT_BYTES or self._trailer_bytes > HEAD_LIMIT_BYTES:
            self._fail(f"the trailers exceed {HEAD_LIMIT_BYTES} bytes, or one of them {LINE_LIMIT_BYTES}")
        return not line and not self.error

    def _complete(self) -> None:
        self.is_complete, self._state = True, _OVER

    def _fail(self, error: str) -> bytes:
        self.error, self.is_reusable, self._state = error, False, _OVER
        self._buffer = bytearray()
        return b""


@functools.lru_cache(maxsize=256)  # the chunks of a stream have few sizes
def _chunk_size(line: bytes) -> int:
    """The size of a chunk, from its line; -1 for a line that is none."""
    digits = line.partition(b";")[0].rstrip(b" \t")
    is_good = digits and len(digits) <= SIZE_DIGITS and not digits.strip(HEXADECIMAL) and len(line) <= LINE_LIMIT_BYTES
    return int(digits, 16) if is_good else -1
