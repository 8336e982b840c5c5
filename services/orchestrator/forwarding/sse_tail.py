"""Detects the end of a server-sent event stream: `data: [DONE]`, and whether the last event is complete. Pure."""

from __future__ import annotations

import re

_DONE = re.compile(rb"[\r\n]data: ?\[DONE\]")
_KEPT_BYTES = 16  # Longer than a line break and `data: [DONE]`, so a marker that spans two chunks is found.
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


class SseTail:
    """The last bytes of a relayed stream."""

    __slots__ = ("_tail", "is_done")

    def __init__(self) -> None:
        # The marker must start a line. The leading line breaks make that true for the first byte too.
        self._tail = b"\n\n"
        self.is_done = False

    def feed(self, chunk: bytes) -> None:
        window = self._tail + chunk
        # The substring search is many times faster than the pattern, and rules out nearly every chunk.
        if b"[DONE]" in window and _DONE.search(window):
            self.is_done = True
        self._tail = window[-_KEPT_BYTES:]

    def separator(self) -> bytes:
        """The bytes to write before a further event: none after a complete event, else a blank line."""
        return b"" if self._tail.endswith(_EVENT_ENDS) else b"\n\n"
