"""The monotonic clock for leases. It almost stops while the registry process does not run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """One instant on both clocks, in seconds: `lease` for ages, `wall` (since 1970) for display."""

    lease: float
    wall: float


class LeaseClock:
    """A step between two readings counts for at most `longest_step_seconds`."""

    # A pause of the registry (SIGSTOP, a suspended machine) is no silence of its clients, and must not expire all leases.
    # In normal operation the sweep reads the clock far more often than that.

    def __init__(self, longest_step_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._longest_step_seconds = longest_step_seconds
        self._monotonic = monotonic
        self._last = monotonic()
        self._lease = 0.0

    def now(self) -> Moment:
        """The current moment. `lease` never decreases."""
        reading = self._monotonic()
        self._lease += min(reading - self._last, self._longest_step_seconds)
        self._last = reading
        return Moment(self._lease, time.time())
