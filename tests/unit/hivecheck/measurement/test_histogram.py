"""Histograms: ranks, precision, merge and format."""

from __future__ import annotations

import math
import tracemalloc

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.measurement.histogram import HIGHEST_MICROSECONDS, Histogram

SECONDS = st.lists(st.floats(0, 4000, allow_nan=False), min_size=1, max_size=60)
PERCENTS = st.sampled_from([1, 50, 75, 90, 95, 99, 99.9, 100])


def nearest_rank(values: list[float], percent: float) -> float:
    return sorted(values)[max(1, math.ceil(round(percent * len(values) / 100, 6))) - 1]


@settings(deadline=None)
@given(SECONDS, PERCENTS)
def test_percentile_rank(values: list[float], percent: float) -> None:
    """A percentile is the nearest rank with ceil, within a thousandth and half a microsecond."""
    true, found = nearest_rank(values, percent), Histogram(values).percentile(percent)
    assert true - 1e-6 <= found <= true * 1.001 + 1e-6


def test_percentile_ceils_the_rank() -> None:
    """The median of two is the first, and the 99th percentile of ten is the tenth."""
    assert Histogram([0.001, 0.002]).percentile(50) == 0.001
    assert Histogram([number / 1000 for number in range(1, 11)]).percentile(99) == 0.010
    assert Histogram([number / 10000 for number in range(1, 1001)]).percentile(99.9) == pytest.approx(0.0999, rel=1e-3)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1, 100_000, allow_nan=False), st.integers(1, 5)), max_size=20))
def test_record_times(durations: list[tuple[float, int]]) -> None:
    """A duration with a count equals that many single ones."""
    counted, single = Histogram(), Histogram(seconds for seconds, times in durations for _ in range(times))
    for seconds, times in durations:
        counted.record(seconds, times)
    assert counted == single and counted.count == single.count


def test_samples_above() -> None:
    """The 99th percentile of 1000 leaves ten above it, and the highest percentile none."""
    histogram = Histogram(number / 1000 for number in range(1000))
    assert [histogram.samples_above(percent) for percent in (50, 99, 99.9, 100)] == [500, 10, 1, 0]


def test_mean() -> None:
    """The mean lies within the precision of the buckets, and without a duration there is none."""
    assert math.isclose(Histogram([0.1, 0.1, 0.4]).mean, 0.2, rel_tol=0.001)
    assert math.isnan(Histogram().mean)


def test_empty() -> None:
    """Without a sample there is no percentile and no longest duration."""
    assert math.isnan(Histogram().percentile(99)) and math.isnan(Histogram().longest)
    assert Histogram().samples_above(99) == 0


@settings(deadline=None)
@given(st.lists(SECONDS, min_size=1, max_size=5))
def test_merge_is_exact(parts: list[list[float]]) -> None:
    """The merge of parts equals the histogram of all values."""
    merged = Histogram()
    for part in parts:
        merged.merge(Histogram(part))
    whole = Histogram(value for part in parts for value in part)
    assert merged == whole and merged.longest == whole.longest and merged.count == whole.count


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), max_size=20), st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_packed(before: list[float], after: list[float]) -> None:
    """A packed histogram goes on as one that is not packed: it records, merges, ranks and encodes alike."""
    plain, packed = Histogram(before), Histogram(before)
    packed.pack()
    assert packed == plain and packed.counts() == plain.counts()
    for value in after:
        packed.record(value)
    packed.merge(Histogram(after))
    plain.merge(Histogram([*after, *after]))
    assert packed == plain == Histogram.decoded(packed.encoded())
    assert [packed.percentile(percent) for percent in (0, 50, 99, 100)] == [plain.percentile(percent) for percent in (0, 50, 99, 100)]


def test_packed_size() -> None:
    """A packed histogram takes less than a fifth of the memory."""
    histogram = Histogram(number / 1000 for number in range(1, 1000))
    tracemalloc.start()
    try:
        copies = [Histogram.of_counts(histogram.counts()) for _ in range(10)]
        plain, _ = tracemalloc.get_traced_memory()
        for copy in copies:
            copy.pack()
        packed, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert packed < plain / 5


@settings(deadline=None)
@given(SECONDS)
def test_encoding_round_trip(values: list[float]) -> None:
    """A histogram survives its encoding, and the encoding is that of an HDR histogram with the same values."""
    histogram, peer = Histogram(values), HdrHistogram(1, HIGHEST_MICROSECONDS, 3)
    for value in values:
        peer.record_value(int(value * 1e6 + 0.5))
    assert Histogram.decoded(histogram.encoded()) == histogram
    read = HdrHistogram.decode(histogram.encoded())
    assert [item.count_at_value_iterated_to for item in read.get_recorded_iterator()] == [
        item.count_at_value_iterated_to for item in peer.get_recorded_iterator()
    ]
    assert read.get_value_at_percentile(100) == peer.get_value_at_percentile(100)


@pytest.mark.parametrize("text", ["", "nonsense", "AAAA"])
def test_decoding_refuses(text: str) -> None:
    """Text that is no histogram is refused."""
    with pytest.raises(ValueError, match="no HDR histogram"):
        Histogram.decoded(text)


def test_extremes() -> None:
    """A negative duration counts as 0, and one above a day as a day."""
    assert Histogram([-1.0]).longest == 0.0
    assert Histogram([1e9]).longest == 24 * 3600
