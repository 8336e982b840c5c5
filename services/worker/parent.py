"""Ends this process when its parent goes: standard input is a pipe that only the parent holds. Not for a normal stop."""

from __future__ import annotations

import os
import threading

_CHUNK_BYTES = 4096


def die_with(fd: int = 0) -> None:
    """Watch `fd` and end at its end of file. A thread, so that it works before the loop runs and while the loop is busy."""
    threading.Thread(target=_watch, args=(fd,), name="parent-watch", daemon=True).start()


def _watch(fd: int) -> None:
    try:
        while os.read(fd, _CHUNK_BYTES):
            pass
    except OSError:
        pass  # a pipe that cannot be read has no parent at its other end
    os._exit(0)
