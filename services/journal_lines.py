"""An append-only file of JSON lines. Each line is one unbuffered system call, so written lines survive SIGKILL."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

MAX_LINES_READ = 10_000


class JournalLines:
    """Appends to one file. Raises OSError if a write fails."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._encoder = msgspec.json.Encoder()

    def append(self, line: Any) -> None:
        """Write one msgspec-encodable value as a line."""
        data = self._encoder.encode(line) + b"\n"
        if os.write(self._fd, data) != len(data):
            raise OSError(f"{self.path}: the disk accepted only a part of a line")

    def read(self, since: int) -> list[msgspec.Raw]:
        """The lines after line number `since`, at most MAX_LINES_READ."""
        with self.path.open("rb") as file:
            return [msgspec.Raw(line) for line in islice(file, since, since + MAX_LINES_READ)]

    def close(self) -> None:
        os.close(self._fd)
