"""Detects that the machine did not schedule the harness. Then a time limit can run out without a fault of the system under test."""

from __future__ import annotations

import threading
import time

TICK_SECONDS = 0.05
NOTED_SECONDS = 0.25  # shorter stalls are normal for a scheduler, and below every time budget


class StallDetector:
    """A thread that sleeps in short ticks and notes each sleep that took much longer. Close it, or use it as a context manager."""

    def __init__(self) -> None:
        self._noted: list[tuple[float, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="hivecheck-stalls", daemon=True)
        self._thread.start()

    def longest(self, since: float) -> float:
        """Seconds of the longest stall that ended after this moment of the monotonic clock; 0.0 without one."""
        return max((seconds for ended, seconds in list(self._noted) if ended >= since), default=0.0)

    def close(self) -> None:
        self._over.set()
        self._thread.join(10 * TICK_SECONDS)

    def __enter__(self) -> StallDetector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _watch(self) -> None:
        before = time.monotonic()
        while not self._over.wait(TICK_SECONDS):
            now = time.monotonic()
            if now - before - TICK_SECONDS >= NOTED_SECONDS:
                self._noted.append((now, now - before))
            before = now
