"""Ends this process when its parent exits: standard input is a pipe that only the parent holds. Not for a normal stop."""

from __future__ import annotations

import os
import threading

_CHUNK_BYTES = 4096


def die_with(fd: int = 0) -> None:
    """End the process when `fd` reaches its end of file."""
    # A thread works before the event loop runs and while it is busy.
    threading.Thread(target=_watch, args=(fd,), name="parent-watch", daemon=True).start()


def _watch(fd: int) -> None:
    try:
        while os.read(fd, _CHUNK_BYTES):
            pass
    except OSError:
        pass  # An unreadable pipe has no parent at its other end.
    os._exit(0)
