"""The floor of `load_engine.py`: a client that knows what its server sends, so it needs no HTTP parser, no deadline and no pool.

It times each token and parses its JSON, like the engine. It finds events by their blank lines, and the end by the last chunk.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import cast


class RawEngine(asyncio.Protocol):
    """One connection that sends `request` again and again until `is_over`."""

    def __init__(self, request: bytes, is_stream: bool, is_over: Callable[[], bool], done: Callable[[int], None]) -> None:
        self._request, self._is_stream, self._is_over, self._done = request, is_stream, is_over, done
        self._complete = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._buffer += data
        if self._is_stream:
            self._take_events(now)
            if self._buffer.endswith(b"0\r\n\r\n"):
                self._end()
            return
        head_end = self._buffer.find(b"\r\n\r\n")
        length = self._buffer.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        if head_end >= 0 and len(self._buffer) >= head_end + 4 + int(length):
            self._end()

    def _send(self) -> None:
        self._buffer, self._position, self._has_finish, self._saw_done = bytearray(), 0, False, False
        self._times: list[float] = []
        self._transport.write(self._request)

    def _take_events(self, now: float) -> None:
        buffer = self._buffer
        while (end := buffer.find(b"\n\n", self._position)) >= 0:
            begin = buffer.find(b"data: ", self._position, end)
            self._position = end + 2
            if buffer.startswith(b"[DONE]", begin + 6):
                self._saw_done = True
                continue
            for choice in json.loads(buffer[begin + 6 : end])["choices"]:
                self._has_finish = self._has_finish or choice["finish_reason"] is not None
                if choice["delta"].get("content"):
                    self._times.append(now)

    def _end(self) -> None:
        self._complete += not self._is_stream or (self._saw_done and self._has_finish)
        if not self._is_over():
            self._send()
            return
        self._transport.close()
        self._done(self._complete)
