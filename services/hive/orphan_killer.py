"""A program that survives its hive: `python -I -S orphan_killer.py MARK`. A mark ends with a slash.

It kills all processes with the hive's mark when the pipe on its standard input closes. Every descendant inherits the mark in an
environment variable, even in another process group or session. It imports only the standard library, so it starts fast.
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
KILL_SECONDS = 5.0

# Between fork and exec a process does not have its new environment yet, so one empty scan is no proof.
EMPTY_SCANS = 3


def marked(mark: str) -> list[int]:
    """The running processes with this mark or with a mark that begins with it, without this process."""
    entry = f"\0{MARKER}={mark}".encode()
    return [pid for pid in _pids() if pid != os.getpid() and entry in b"\0" + _environment(pid)]


def kill_marked_processes(mark: str, seconds: float = KILL_SECONDS) -> list[int]:
    """Send SIGKILL to all marked processes until none is left, for at most `seconds`. Returns the killed pids."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()  # This function runs without an event loop, in a program or a thread of its own.
    killed: list[int] = []
    empty_scans = 0
    while empty_scans < EMPTY_SCANS and time.monotonic() < deadline:
        found = marked(mark)
        empty_scans = 0 if found else empty_scans + 1
        killed += [pid for pid in found if pid not in killed]
        for pid in found:
            _kill(pid)
        pause.wait(PAUSE_SECONDS)
    return killed


def main() -> None:
    """Wait for the end of standard input, then kill. Ignores signals to the hive's session."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    kill_marked_processes(sys.argv[1])


def _pids() -> list[int]:
    """All pids. Empty on systems without /proc, where only the hive's own signals reach the workers."""
    try:
        with os.scandir("/proc") as entries:
            return [int(entry.name) for entry in entries if entry.name.isdigit()]
    except OSError:
        return []


def _environment(pid: int) -> bytes:
    """Empty for a process that has exited, is a zombie or belongs to another user."""
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
