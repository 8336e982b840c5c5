"""The reader of a process's resident memory."""

from __future__ import annotations

import pytest

from hivecheck.errors import InconclusiveError
from hivecheck.platforms.platform import CommandResult, ProcessMemory
from hivecheck.platforms.process_memory import process_memory

STATUS = "Name:\tpython3\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n"


def test_memory_in_bytes() -> None:
    """The kernel's kB become bytes, now and at the peak."""
    asked: list[list[str]] = []

    def run(command: list[str]) -> CommandResult:
        asked.append(command)
        return CommandResult(0, STATUS)

    assert process_memory(run, 7) == ProcessMemory(resident_bytes=1024 * 1024, peak_bytes=2048 * 1024)
    assert asked == [["cat", "/proc/7/status"]]


def test_unreadable_memory_is_inconclusive() -> None:
    """A process without a readable status gives no verdict."""
    with pytest.raises(InconclusiveError, match="process 7"):
        process_memory(lambda command: CommandResult(1, "cat: /proc/7/status: No such file or directory"), 7)
