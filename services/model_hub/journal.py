"""The hub's own record of every download: who got which bytes, by what the hub put out. One JSON line per event; not a log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec

from services.journal_lines import JournalLines

FILE_NAME = "journal.jsonl"


class Journal:
    """Appends to `<data_dir>/journal.jsonl`; raises OSError when it cannot."""

    def __init__(self, data_dir: Path, hub: str) -> None:
        self._lines = JournalLines(data_dir / FILE_NAME)
        self._hub = hub
        self._count = 0

    def began(self, model: str, start: int, request_id: str) -> int:
        """A download begins at byte `start`, before the first byte is out; its number."""
        self._count += 1
        self._append("download_began", n=self._count, model=model, start=start, request_id=request_id)
        return self._count

    def ended(self, number: int, model: str, start: int, sent: int, outcome: str) -> None:
        """`sent` bytes were put out. Outcome: finished, corrupted, cut (both as ordered) or client_gone."""
        self._append("download_ended", n=number, model=model, start=start, sent=sent, outcome=outcome)

    def read(self, since: int) -> list[msgspec.Raw]:
        """The lines after line number `since`, at most a page."""
        return self._lines.read(since)

    def _append(self, event: str, **fields: Any) -> None:
        self._lines.append({"event": event, "time": time.time(), "monotonic": time.monotonic(), "hub": self._hub} | fields)
