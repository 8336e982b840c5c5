"""Leaks: whether what a process holds after each cycle of load, drain and idle grows with the cycles. Pure.

The floor of a cycle is its lowest reading while the process was idle. A leak raises every floor; garbage and caches do not.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations, pairwise
from statistics import median

# Cycles. Pools, caches and the allocator's arenas fill up during the first ones, so those do not count.
WARM_UP = 3
LEAST = 6  # counted cycles: of fewer, one unusual floor decides the slope
RESAMPLES = 400
CONFIDENCE = 0.95
# A jump is a cache or a pool that was filled at once: a step that is most of the growth and stands out from the usual steps.
JUMP_SHARE, JUMP_FACTOR = 0.5, 4.0
KIB = 1024


class Finding(StrEnum):
    """What the floors show."""

    LEAK = "leak"
    NO_LEAK = "no leak"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Threshold:
    """The slope from which growth is a leak, in units of the resource. It is the sum of three parts."""

    per_cycle: float
    per_request: float = 0.0
    per_byte: float = 0.0

    def slope(self, requests: int, relayed_bytes: int = 0) -> float:
        """The threshold per cycle of so many requests, with so many bytes in all of their bodies."""
        return self.per_cycle + self.per_request * requests + self.per_byte * relayed_bytes


# One in four cycles, and one in 200 requests: a pool that varies by one connection grows and shrinks more slowly.
COUNT = Threshold(per_cycle=0.25, per_request=0.005)
# The bundled services grow by up to 18 KiB in each of the first cycles of 50 to 100 requests, as pages of the allocator and of SQLite
# fill up. Of large buffers the allocator keeps some, now more and now less. A service that keeps bodies keeps all of them.
MEMORY = Threshold(per_cycle=16 * KIB, per_request=0.25 * KIB, per_byte=0.1)


@dataclass(frozen=True)
class Growth:
    """The slope of the floors, with its interval, per cycle of `requests` requests.

    `smallest_visible` is the smallest slope that these floors would have shown to be a leak. It is infinite for too few floors.
    """

    finding: Finding
    slope: float
    low: float
    high: float
    smallest_visible: float
    threshold: float
    cycles: int
    warm_up: int
    requests: int

    def per_thousand(self, slope: float) -> float:
        """A slope per 1000 requests instead of per cycle."""
        return slope * 1000 / self.requests


def warm_up(cycles: int) -> int:
    """How many of so many cycles do not count: the first three, and of many cycles the first half."""
    # The last half, because what fills up slowly, such as a cache with a limit, grows over all cycles of a short run.
    return max(WARM_UP, cycles - max(LEAST, cycles - cycles // 2))


def growth(floors: Sequence[float], threshold: Threshold, *, seed: str, requests: int, relayed_bytes: int = 0) -> Growth:
    """Judge the floors of one resource, by cycles of so many requests and bytes. The first `warm_up` cycles do not count.

    The bootstrap draws from `seed`, so the same floors always have the same interval.

    A leak is a slope that is certainly above the threshold, also without the largest jump. No leak is one that is certainly below.
    """
    skipped, least = warm_up(len(floors)), threshold.slope(requests, relayed_bytes)
    counted = list(floors[skipped:])
    if len(counted) < LEAST:
        return Growth(Finding.INCONCLUSIVE, math.nan, -math.inf, math.inf, math.inf, least, len(counted), skipped, requests)
    rng = random.Random(seed)
    slope, low, high = _interval(counted, rng)
    finding = _finding(low, high, least)
    if finding is not Finding.NO_LEAK and (levelled := _without_jump(counted)) is not None:
        # Only towards the acquittal: a series that still is no clear case without its jump stays what it is.
        slope, low, high = _interval(levelled, rng)
        finding = _finding(low, high, least)
    return Growth(finding, slope, low, high, least + (high - low) / 2, least, len(counted), skipped, requests)


def theil_sen(values: Sequence[float]) -> float:
    """The median of the slopes between all pairs of values. Theil (1950), Sen (1968): up to 29 % of outliers do not move it far."""
    return median((values[later] - values[earlier]) / (later - earlier) for earlier, later in combinations(range(len(values)), 2))


def _finding(low: float, high: float, least: float) -> Finding:
    if low >= least:
        return Finding.LEAK
    return Finding.NO_LEAK if high < least else Finding.INCONCLUSIVE


def _interval(values: Sequence[float], rng: random.Random) -> tuple[float, float, float]:
    """The slope and its interval: a bootstrap over the residuals of the fitted line."""
    slope = theil_sen(values)
    fitted = [slope * place for place in range(len(values))]
    level = median(value - fit for value, fit in zip(values, fitted, strict=True))
    residuals = [value - fit - level for value, fit in zip(values, fitted, strict=True)]
    if not any(residuals):
        return slope, slope, slope
    # The residuals of a line through n points are too small by this factor: the line took two degrees of freedom from them.
    scale = math.sqrt(len(values) / (len(values) - 2))
    slopes = sorted(theil_sen([fit + scale * rng.choice(residuals) for fit in fitted]) for _ in range(RESAMPLES))
    tail = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return slope, min(slope, slopes[tail]), max(slope, slopes[-1 - tail])


def _without_jump(values: Sequence[float]) -> list[float] | None:
    """The values as if their largest step up had not happened. None when it is no jump."""
    steps = [later - earlier for earlier, later in pairwise(values)]
    jump = max(steps)
    place = steps.index(jump)
    usual = median(abs(step) for other, step in enumerate(steps) if other != place)
    if jump <= max(0.0, JUMP_SHARE * (values[-1] - values[0]), JUMP_FACTOR * usual):
        return None
    return [*values[: place + 1], *(value - jump for value in values[place + 1 :])]
