"""Measures the phases of one request with one stopwatch, so that each moment belongs to exactly one phase. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

# resolve: authentication, validation, model lookup. choose: selection of the worker. queue: retry backoff and the wait for a
# pooled connection. proxy: from sending to the worker until its first byte, or until the attempt fails.
PHASES = ("resolve", "choose", "queue", "proxy")


class Timeline:
    """Seconds by phase. The phases have no gaps between them, so their sum is the time until the last lap."""

    __slots__ = ("_clock", "_lapped", "first_token_seconds", "spent", "started")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.started = self._lapped = clock()
        self.spent: dict[str, float] = {}
        self.first_token_seconds: float | None = None

    def lap(self, phase: str) -> None:
        """Add the time since the last lap to `phase`. A repeated phase accumulates."""
        now = self._clock()
        self.spent[phase] = self.spent.get(phase, 0.0) + now - self._lapped
        self._lapped = now

    def first_token(self) -> None:
        """Record the last lap as the arrival of the first byte."""
        self.first_token_seconds = self._lapped - self.started

    def total_seconds(self) -> float:
        """From the start until now."""
        return self._clock() - self.started

    def fields(self) -> dict[str, Any]:
        """Fields for the log line: the seconds of each phase that was reached."""
        return {f"{phase}_seconds": round(self.spent[phase], 6) for phase in PHASES if phase in self.spent}

    def server_timing(self) -> str:
        """The `Server-Timing` header so far (W3C Server Timing, durations in milliseconds)."""
        parts = [(phase, self.spent.get(phase, 0.0)) for phase in PHASES]
        if self.first_token_seconds is not None:
            parts.append(("first_token", self.first_token_seconds))
        parts.append(("total", self.total_seconds()))
        return ", ".join(f"{name};dur={1000 * seconds:.3f}" for name, seconds in parts)
