"""Where the time of one request went, phase by phase: one stopwatch that is lapped, so that no moment counts twice or is lost. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

# resolve: who asks, what for, which workers have it. choose: which of them gets it. queue: held back by the gateway itself, between
# attempts or for want of a connection. proxy: from handing a request to a worker until its first byte, failed attempts included.
PHASES = ("resolve", "choose", "queue", "proxy")


class Timeline:
    """Seconds by phase. The phases follow one another without a gap, so their sum is the time until the last lap."""

    __slots__ = ("_clock", "_lapped", "first_token_seconds", "spent", "started")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.started = self._lapped = clock()
        self.spent: dict[str, float] = {}
        self.first_token_seconds: float | None = None

    def lap(self, phase: str) -> None:
        """What passed since the last lap belongs to `phase`; a phase that comes again grows."""
        now = self._clock()
        self.spent[phase] = self.spent.get(phase, 0.0) + now - self._lapped
        self._lapped = now

    def first_token(self) -> None:
        """The first byte of the answer is here: at the last lap."""
        self.first_token_seconds = self._lapped - self.started

    def total_seconds(self) -> float:
        """From the start until now."""
        return self._clock() - self.started

    def fields(self) -> dict[str, Any]:
        """For the log line: seconds of each phase that was reached."""
        return {f"{phase}_seconds": round(self.spent[phase], 6) for phase in PHASES if phase in self.spent}

    def server_timing(self) -> str:
        """The value of a `Server-Timing` header (W3C Server Timing; durations in milliseconds), as far as the request has come."""
        parts = [(phase, self.spent.get(phase, 0.0)) for phase in PHASES]
        if self.first_token_seconds is not None:
            parts.append(("first_token", self.first_token_seconds))
        parts.append(("total", self.total_seconds()))
        return ", ".join(f"{name};dur={1000 * seconds:.3f}" for name, seconds in parts)
