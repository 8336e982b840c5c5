"""Calls back at a monotonic time with the precision of the kernel's timers. The loops' own timers have a resolution of 1 ms."""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable

CLOCK_MONOTONIC, TFD_TIMER_ABSTIME = 1, 1
TFD_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
NANOSECONDS = 1_000_000_000
COUNTER_BYTES = 8
VALUE = slice(2, 4)  # of struct itimerspec: seconds and nanoseconds, after those of the interval


class Pacer:
    """`call_at` replaces a future time that was set before. Use it in the thread of its loop, and close it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._handle: asyncio.TimerHandle | None = None
        self._soon: asyncio.Handle | None = None
        self._timer = (ctypes.c_long * 4)()
        # `os.timerfd_create` exists from Python 3.13 on.
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._fd = self._libc.timerfd_create(CLOCK_MONOTONIC, TFD_FLAGS) if self._libc else -1
        if self._fd >= 0:
            loop.add_reader(self._fd, self._expired)

    def call_at(self, at: float) -> None:
        """Call back at this time of `time.monotonic`. Times in the past call back once, in the next round of the loop."""
        if at <= time.monotonic():
            # A kernel's timer would cost as much as the rest of a request.
            self._soon = self._soon or self._loop.call_soon(self._call)
        elif self._fd < 0 or self._libc is None:
            if self._handle is not None:
                self._handle.cancel()
            self._handle = self._loop.call_later(at - time.monotonic(), self._callback)
        else:
            self._timer[VALUE] = [*divmod(int(at * NANOSECONDS), NANOSECONDS)]
            self._libc.timerfd_settime(self._fd, TFD_TIMER_ABSTIME, self._timer, None)

    def close(self) -> None:
        """Call back no more."""
        for handle in (self._handle, self._soon):
            if handle is not None:
                handle.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _expired(self) -> None:
        try:
            os.read(self._fd, COUNTER_BYTES)
        except BlockingIOError:  # it was set anew after it had expired
            return
        self._callback()

    def _call(self) -> None:
        self._soon = None
        self._callback()
