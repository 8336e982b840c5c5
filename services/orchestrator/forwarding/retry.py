"""The retry policy of one request, and the retry budget of all requests together. Pure: time is an argument."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

WINDOW_SECONDS = 10


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff: `base_seconds` before the second attempt, doubled for each further one, reduced by up to half."""

    max_extra_attempts: int
    base_seconds: float

    @property
    def max_attempts(self) -> int:
        return 1 + self.max_extra_attempts

    def delay_seconds(self, failed_attempts: int, random_: random.Random) -> float:
        """The backoff after so many failed attempts."""
        # Jitter: requests that failed together must not all retry at the same moment.
        return self.base_seconds * float(2 ** (failed_attempts - 1)) * random_.uniform(0.5, 1.0)


@dataclass
class RetryBudget:
    """Within ten seconds, the gateway retries at most `share` of the requests, but always `per_second` retries per second.

    The window consists of the current second and the nine before it.
    """

    # The share keeps retries from multiplying the load when everything fails. The minimum keeps them possible at low load.

    share: float
    per_second: float
    _seconds: list[int] = field(default_factory=lambda: [-1] * WINDOW_SECONDS)
    _requests: list[int] = field(default_factory=lambda: [0] * WINDOW_SECONDS)
    _retries: list[int] = field(default_factory=lambda: [0] * WINDOW_SECONDS)

    def request(self, now: float) -> None:
        """Count a client's request."""
        self._requests[self._place(now)] += 1

    def take(self, now: float) -> bool:
        """Take one retry from the budget. False if the budget is used up."""
        place = self._place(now)
        first = int(now) - WINDOW_SECONDS + 1
        current = [each for each in range(WINDOW_SECONDS) if self._seconds[each] >= first]
        allowed = max(self.share * sum(self._requests[each] for each in current), self.per_second * WINDOW_SECONDS)
        if sum(self._retries[each] for each in current) + 1 > allowed:
            return False
        self._retries[place] += 1
        return True

    def forget(self) -> None:
        """Empty the window: no request, and no retry."""
        self._seconds[:] = [-1] * WINDOW_SECONDS

    def _place(self, now: float) -> int:
        second = int(now)
        place = second % WINDOW_SECONDS
        if self._seconds[place] != second:
            self._seconds[place], self._requests[place], self._retries[place] = second, 0, 0
        return place
