"""Interval of a difference between two series of windows, by a seeded moving-block bootstrap. Pure: no clock, no files.

A series has one (numerator, denominator) pair a window. Its statistic is the sum of the numerators over the sum of the denominators.
"""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

RESAMPLES = 400  # the standard error of a standard error is then 3.5 %
LEAST_WINDOWS = 10  # with fewer, blocks are too few for a standard error

Pairs = Sequence[tuple[float, float]]
Statistic = Callable[[float, float], float]


@dataclass(frozen=True)
class Difference:
    """The statistic of the second series minus that of the first, and the interval around it."""

    value: float
    low: float
    high: float


def ratio(numerator: float, denominator: float) -> float:
    """The plain statistic. NaN without a denominator."""
    return numerator / denominator if denominator else math.nan


def log_ratio(numerator: float, denominator: float) -> float:
    """The logarithm of the ratio, so that a difference is the logarithm of a factor. NaN unless both are positive."""
    return math.log(numerator / denominator) if numerator > 0 and denominator > 0 else math.nan


def difference(
    a: Pairs,
    b: Pairs,
    *,
    is_paired: bool,
    error_share: float,
    seed: int,
    statistic: Statistic = ratio,
    is_ordered: bool = True,
) -> Difference | None:
    """The difference with an interval that misses the truth in `error_share` of all cases. None when the windows are too few.

    `is_paired`: the windows of one place belong together, because both series follow the same schedule.
    Without `is_ordered`, neighbours do not depend on each other, and each block has one member.
    The interval is the estimate plus and minus a t quantile times the bootstrap's standard error. Blocks count as the samples of t.
    """
    if is_paired:
        size = min(len(a), len(b))
        a, b = a[:size], b[:size]
    filled = [sum(1 for _, denominator in series if denominator) for series in (a, b)]
    if min(filled) < LEAST_WINDOWS:
        return None
    value = statistic(*_sum(b)) - statistic(*_sum(a))
    if math.isnan(value):
        return None
    length = _length(_influence(a), _influence(b), is_paired=is_paired) if is_ordered else 1
    rng = random.Random(seed)
    blocks_a, blocks_b = _Blocks(a, length), _Blocks(b, length)
    drawn = []
    for _ in range(RESAMPLES):
        places = blocks_a.draw(rng)
        drawn.append(statistic(*blocks_b.total(places if is_paired else blocks_b.draw(rng))) - statistic(*blocks_a.total(places)))
    usable = [one for one in drawn if not math.isnan(one)]
    if len(usable) < RESAMPLES // 2:
        return None
    samples = filled if not is_paired else [min(filled)]
    freedom = sum(count / length - 1 for count in samples)
    # Blocks overlap, and their ends are drawn less often, so the plain bootstrap is too narrow for short series.
    widening = math.sqrt(min(filled) / max(1.0, min(filled) - length))
    reach = t_quantile(1 - error_share / 2, freedom) * statistics.stdev(usable) * widening
    return Difference(value, value - reach, value + reach)


def block_length(values: Sequence[float]) -> int:
    """How many successive windows depend on each other: the rule of Politis and White (2004), corrected by Patton (2009)."""
    size = len(values)
    mean = statistics.fmean(values)
    centred = [value - mean for value in values]
    variance = sum(value * value for value in centred) / size
    # The rule minimises the error of the variance. Its blocks are too short for an interval: they lose dependence across their ends.
    # Twice as long, and never below the usual cube root, they keep the share of missed truths in series of 30 windows.
    shortest, longest = round(math.cbrt(size)), max(1, size // 4)
    if variance == 0:
        return shortest
    reach = min(size - 1, math.ceil(math.sqrt(size)) + 5)
    covariance = [sum(x * y for x, y in zip(centred, centred[lag:], strict=False)) / size for lag in range(reach + 1)]
    limit = 2 * math.sqrt(math.log10(size) / size)
    last = max((lag for lag in range(1, reach + 1) if abs(covariance[lag]) / variance > limit), default=0)
    taper = min(reach, 2 * last)
    weights = [1.0 if 2 * lag <= taper else 2 * (1 - lag / taper) for lag in range(1, taper + 1)]
    slope = 2 * sum(weight * lag * covariance[lag] for lag, weight in enumerate(weights, 1))
    level = variance + 2 * sum(weight * covariance[lag] for lag, weight in enumerate(weights, 1))
    if level <= 0:
        return shortest
    optimum: float = math.cbrt(1.5 * (slope / level) ** 2 * size)
    return max(shortest, min(longest, math.ceil(2 * optimum)))


def t_quantile(share: float, freedom: float) -> float:
    """Quantile of Student's t by the Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5)."""
    z = statistics.NormalDist().inv_cdf(share)
    n = max(3.0, freedom)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / n**power for power, term in enumerate(terms, 1))


class _Blocks:
    """All blocks of one length of a series. Prefix sums make the total of a block two subtractions."""

    def __init__(self, pairs: Pairs, length: int) -> None:
        self._length = length
        self._starts = len(pairs) - length + 1
        self._count = max(1, round(len(pairs) / length))
        self._numerators = [0.0, *itertools.accumulate(numerator for numerator, _ in pairs)]
        self._denominators = [0.0, *itertools.accumulate(denominator for _, denominator in pairs)]

    def draw(self, rng: random.Random) -> list[int]:
        """The starts of as many blocks as the series holds."""
        return [int(rng.random() * self._starts) for _ in range(self._count)]

    def total(self, places: Sequence[int]) -> tuple[float, float]:
        """The sums of the blocks at these places."""
        up, down, length = self._numerators, self._denominators, self._length
        return sum(up[place + length] - up[place] for place in places), sum(down[place + length] - down[place] for place in places)


def _length(a: Sequence[float], b: Sequence[float], *, is_paired: bool) -> int:
    """The block length of two series. What both runs share at a place of their schedule cancels out of a paired difference."""
    if is_paired:
        return block_length([theirs - ours for ours, theirs in zip(a, b, strict=True)])
    return max(block_length(a), block_length(b))


def _sum(pairs: Pairs) -> tuple[float, float]:
    return sum(numerator for numerator, _ in pairs), sum(denominator for _, denominator in pairs)


def _influence(pairs: Pairs) -> list[float]:
    """What each window adds to the statistic beyond its share, and so what depends on its neighbours."""
    numerator, denominator = _sum(pairs)
    whole = numerator / denominator if denominator else 0.0
    return [up - whole * down for up, down in pairs]
