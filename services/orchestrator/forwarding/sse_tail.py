"""Watches the end of a server-sent event stream go by: did `data: [DONE]` come, and is the last event complete? Pure."""

from __future__ import annotations

import re

_DONE = re.compile(rb"(?:\A|[\r\n])data: ?\[DONE\]")
_KEPT_BYTES = 16  # longer than a line break and `data: [DONE]`, so that a marker cut in two is still seen whole
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


class SseTail:
    """Fed with every relayed chunk; keeps a few bytes."""

    __slots__ = ("_tail", "is_done")

    def __init__(self) -> None:
        # A line break before the first byte lets the pattern ask for a line start everywhere.
        self._tail = b"\n\n"
        self.is_done = False

    def feed(self, chunk: bytes) -> None:
        seen = self._tail + chunk
        # The plain search is many times faster than the pattern and rules out nearly every chunk.
        if b"[DONE]" in seen and _DONE.search(seen):
            self.is_done = True
        self._tail = seen[-_KEPT_BYTES:]

    def separator(self) -> bytes:
        """What to write before a further event: nothing if the last one is complete, else the blank line it lacks."""
        return b"" if self._tail.endswith(_EVENT_ENDS) else b"\n\n"
