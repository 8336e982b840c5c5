"""How often and how soon a request is tried again, and how much all requests together may be. Pure: time is given."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

WINDOW_SECONDS = 10


@dataclass(frozen=True)
class RetryPolicy:
    """`base_seconds` before the second attempt, twice that before the third, and so on; each shortened by up to half."""

    max_extra_attempts: int
    base_seconds: float

    @property
    def max_attempts(self) -> int:
        return 1 + self.max_extra_attempts

    def delay_seconds(self, failed_attempts: int, random_: random.Random) -> float:
        """The pause after `failed_attempts`: jittered, so that requests that failed together do not return together."""
        return self.base_seconds * float(2 ** (failed_attempts - 1)) * random_.uniform(0.5, 1.0)


@dataclass
class RetryBudget:
    """In any ten seconds (ten whole ones, the current one included) at most `share` of the requests may be retried, but always
    `per_second` retries a second: when everything fails, retries must not multiply the load; when little is asked, they must not be missed.
    """

    share: float
    per_second: float
    _seconds: list[int] = field(default_factory=lambda: [-1] * WINDOW_SECONDS)
    _requests: list[int] = field(default_factory=lambda: [0] * WINDOW_SECONDS)
    _retries: list[int] = field(default_factory=lambda: [0] * WINDOW_SECONDS)

    def request(self, now: float) -> None:
        """Count a client's request."""
        self._requests[self._place(now)] += 1

    def take(self, now: float) -> bool:
        """Take one retry out of the budget; False when it is used up."""
        place = self._place(now)
        first = int(now) - WINDOW_SECONDS + 1
        current = [each for each in range(WINDOW_SECONDS) if self._seconds[each] >= first]
        allowed = max(self.share * sum(self._requests[each] for each in current), self.per_second * WINDOW_SECONDS)
        if sum(self._retries[each] for each in current) + 1 > allowed:
            return False
        self._retries[place] += 1
        return True

    def _place(self, now: float) -> int:
        second = int(now)
        place = second % WINDOW_SECONDS
        if self._seconds[place] != second:
            self._seconds[place], self._requests[place], self._retries[place] = second, 0, 0
        return place
