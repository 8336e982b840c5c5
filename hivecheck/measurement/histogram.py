"""Histograms of durations in the HDR format: microseconds, three significant digits, exact merge. Holds no clock.

The counts are sparse, so a histogram of a second with few samples is small. `hdrh` reads and writes the format.
"""

from __future__ import annotations

import base64
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from hdrh.histogram import HdrHistogram

from hivecheck.measurement.packed_counts import PackedCounts

MICROSECONDS = 1e6
SIGNIFICANT_DIGITS = 3
HIGHEST_MICROSECONDS = 24 * 3600 * 1_000_000  # a day: a longer duration counts as a day
# Three digits need 2000 equal steps up to the first power of two above: 11 bits. Each further bit doubles the step.
STEP_BITS = 11
HALF_STEPS_BITS = STEP_BITS - 1


class Histogram:
    """Durations in seconds. A percentile is at most 0.1 % above the true value, and never above the longest duration."""

    __slots__ = ("_counts", "_longest", "count")

    def __init__(self, seconds: Iterable[float] = ()) -> None:
        self._counts: defaultdict[int, int] | PackedCounts = defaultdict(int)
        self._longest = 0
        self.count = 0
        for value in seconds:
            self.record(value)

    def record(self, seconds: float, times: int = 1) -> None:
        """Count one duration, `times` times. A negative one counts as 0."""
        # `hdrh` takes 1.5 us for this, and a run records each gap between two tokens.
        value = int(seconds * MICROSECONDS + 0.5) if seconds > 0 else 0
        if value > self._longest:
            self._longest = value = min(value, HIGHEST_MICROSECONDS)
        shift = value.bit_length() - STEP_BITS
        self._counts[value if shift <= 0 else (shift << HALF_STEPS_BITS) + (value >> shift)] += times
        self.count += times

    def merge(self, other: Histogram) -> None:
        """Add the counts of another histogram. Nothing is lost, so the order of merges does not matter."""
        for index, times in other._counts.items():
            self._counts[index] += times
        self.count += other.count
        self._longest = max(self._longest, other._longest)

    def pack(self) -> None:
        """Take less memory from now on. Everything still works, and recording is slower."""
        self._counts = PackedCounts(self._counts)

    def percentile(self, percent: float) -> float:
        """The nearest rank with ceil, in seconds: the smallest duration that `percent` of them do not exceed. NaN without any."""
        if not self.count:
            return math.nan
        rank, passed = max(1, math.ceil(exact_rank(percent, self.count))), 0
        for index in sorted(self._counts):
            passed += self._counts[index]
            if passed >= rank:
                break
        return min(_highest(index), self._longest) / MICROSECONDS

    def samples_above(self, percent: float) -> int:
        """How many durations lie above the rank of the percentile: the evidence for what the percentile hides."""
        return self.count - min(self.count, max(1, math.ceil(exact_rank(percent, self.count)))) if self.count else 0

    @property
    def longest(self) -> float:
        """The longest duration in seconds. NaN without any."""
        return self._longest / MICROSECONDS if self.count else math.nan

    def counts(self) -> dict[int, int]:
        """A copy of the sparse counts, by bucket. Another thread may record meanwhile."""
        return dict(self._counts)

    @classmethod
    def of_counts(cls, counts: Mapping[int, int]) -> Histogram:
        """The histogram of `counts`. Its longest duration has the precision of its bucket."""
        made = cls()
        made._counts = defaultdict(int, counts)
        made.count = sum(made._counts.values())
        made._longest = _highest(max(made._counts, default=0))
        return made

    @property
    def mean(self) -> float:
        """The mean in seconds, from the middle of each bucket. NaN without any."""
        whole = sum((_lowest(index) + _highest(index)) / 2 * times for index, times in self._counts.items())
        return whole / self.count / MICROSECONDS if self.count else math.nan

    def encoded(self) -> str:
        """The HDR V2 compressed format in base64, which other HDR tools read."""
        made = HdrHistogram(1, HIGHEST_MICROSECONDS, SIGNIFICANT_DIGITS)
        for index, times in self._counts.items():
            made.record_value(_lowest(index), times)
        return bytes(made.encode()).decode("ascii")

    @classmethod
    def decoded(cls, text: str) -> Histogram:
        """The histogram of `encoded`. Raises ValueError for any other text."""
        try:
            base64.b64decode(text, validate=True)
            read = HdrHistogram.decode(text)
        except Exception as error:  # `hdrh` lets errors of zlib, base64 and ctypes through
            raise ValueError(f"no HDR histogram: {error}") from None
        # The iterators of `hdrh` take 50 ms for this, and a merge of shards reads a histogram for each second.
        return cls.of_counts({index: int(times) for index, times in enumerate(read.counts[: read.counts_len]) if times})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self._counts == other._counts

    def __hash__(self) -> int:
        raise TypeError("a histogram grows, so it is no key")


def exact_rank(percent: float, count: int) -> float:
    """The rank of a percentile before ceil. 99.9 % of 1000 is 999, where floats give 999.0000000000001."""
    return round(percent * count / 100, 6)


def _lowest(index: int) -> int:
    """The lowest duration of a bucket, in microseconds."""
    if index < 1 << STEP_BITS:
        return index
    shift = (index >> HALF_STEPS_BITS) - 1
    return (index - (shift << HALF_STEPS_BITS)) << shift


def _highest(index: int) -> int:
    """The highest duration of a bucket, in microseconds."""
    return _lowest(index + 1) - 1
