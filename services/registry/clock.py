"""The clock leases are measured by: monotonic, and it stands still while this process does not run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """One instant on both clocks, in seconds: `lease` for ages, `wall` (since 1970) for people."""

    lease: float
    wall: float


class LeaseClock:
    """A pause of the registry itself (SIGSTOP, a frozen machine) is not the clients' silence: it must not expire everybody.

    So a step between two readings counts for at most `longest_step_seconds`; the sweep reads the clock far more often.
    """

    def __init__(self, longest_step_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._longest_step_seconds = longest_step_seconds
        self._monotonic = monotonic
        self._last = monotonic()
        self._lease = 0.0

    def now(self) -> Moment:
        """The present moment; its `lease` never goes back."""
        reading = self._monotonic()
        self._lease += min(reading - self._last, self._longest_step_seconds)
        self._last = reading
        return Moment(self._lease, time.time())
