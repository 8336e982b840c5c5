"""The hub's journal: one JSON line at the begin and the end of every download. It records the bytes that the hub sent. Not a log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from services.journal_lines import JournalLines

FILE_NAME = "journal.jsonl"


class Journal:
    """Appends to `<data_dir>/journal.jsonl`. Raises OSError if a write fails."""

    def __init__(self, data_dir: Path, hub: str) -> None:
        self._lines = JournalLines(data_dir / FILE_NAME)
        self._hub = hub
        self._count = 0

    def began(self, model: str, start: int, request_id: str) -> int:
        """Record a download from byte `start` on, before its first byte is sent. Returns its number."""
        self._count += 1
        # Before the first byte, so a hub that is killed in a download still shows that it began.
        self._append("download_began", n=self._count, model=model, start=start, request_id=request_id)
        return self._count

    def ended(self, number: int, model: str, start: int, sent: int, outcome: str) -> None:
        """Record the end after `sent` bytes. Outcome: finished, client_gone, or the injected fault (corrupted, cut)."""
        self._append("download_ended", n=number, model=model, start=start, sent=sent, outcome=outcome)

    def read(self, since: int) -> list[msgspec.Raw]:
        """One page of lines after line number `since`."""
        return self._lines.read(since)

    def _append(self, event: str, **fields: Any) -> None:
        self._lines.append({"event": event, "time": time.time(), "monotonic": time.monotonic(), "hub": self._hub} | fields)
