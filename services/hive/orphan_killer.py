"""A small program that outlives its hive: when the pipe on its standard input ends, it kills whatever carries the hive's mark.

`python -I -S undertaker.py MARK`, where a mark ends with a slash. It finds processes by a variable in their environment, which every
descendant inherits, however far it has wandered from its parent, its group or its session. Standard library only, so that it starts
quickly and stays small.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

MARKER = "HIVE_INCARNATION"

PAUSE_SECONDS = 0.01
BURY_SECONDS = 5.0

# A process on its way from fork to exec does not show its new environment yet: one look without a find proves little.
EMPTY_LOOKS = 3


def marked(mark: str) -> list[int]:
    """The processes that still run and whose mark is this one or begins with it, our own left out."""
    wanted = f"\0{MARKER}={mark}".encode()
    return [pid for pid in _pids() if pid != os.getpid() and wanted in b"\0" + _environment(pid)]


def kill_marked_processes(mark: str, seconds: float = BURY_SECONDS) -> list[int]:
    """SIGKILL to all of them until there are none, at the latest for `seconds`; who was there."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()  # nothing can be awaited here: this runs in a program or a thread of its own
    buried: list[int] = []
    empty_looks = 0
    while empty_looks < EMPTY_LOOKS and time.monotonic() < deadline:
        found = marked(mark)
        empty_looks = 0 if found else empty_looks + 1
        buried += [pid for pid in found if pid not in buried]
        for pid in found:
            _kill(pid)
        pause.wait(PAUSE_SECONDS)
    return buried


def main() -> None:
    """Wait for the end of standard input; signals meant for the hive's session do not end the watch."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    kill_marked_processes(sys.argv[1])


def _pids() -> list[int]:
    """None where there is no /proc: then the hive's own signals have to do."""
    try:
        with os.scandir("/proc") as entries:
            return [int(entry.name) for entry in entries if entry.name.isdigit()]
    except OSError:
        return []


def _environment(pid: int) -> bytes:
    """Empty for a process that is gone, is a zombie or belongs to somebody else."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return


if __name__ == "__main__":
    main()
