"""Leaks: the verdict over the floors of cycles."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.measurement.leaks import COUNT, LEAST, MEMORY, WARM_UP, Finding, Growth, Threshold, growth, theil_sen, warm_up

UNIT = Threshold(per_cycle=1.0)
LEAST_CYCLES = WARM_UP + LEAST
SERIES = 200

cycles = st.integers(LEAST_CYCLES, 24)
seeds = st.integers(0, 10_000)


def judged(floors: list[float], seed: int = 7) -> Growth:
    return growth(floors, UNIT, seed=str(seed), requests=100)


def noise(count: int, most: float, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.uniform(-most, most) for _ in range(count)]


@settings(max_examples=60, deadline=None)
@given(count=cycles, slope=st.floats(3.0, 1000.0), seed=seeds)
def test_planted_slope_is_a_leak(count: int, slope: float, seed: int) -> None:
    """A slope of three times the threshold is found under noise of a quarter of a step."""
    found = judged([slope * place + error for place, error in enumerate(noise(count, slope / 4, seed))], seed)
    assert found.finding is Finding.LEAK
    assert found.low <= found.slope <= found.high and found.slope == pytest.approx(slope, rel=0.3)


@settings(max_examples=60, deadline=None)
@given(count=cycles, seed=seeds)
def test_noise_is_no_leak(count: int, seed: int) -> None:
    """Noise of the size of the threshold has no slope."""
    assert judged(noise(count, 1.0, seed), seed).finding is not Finding.LEAK


def test_large_noise_is_rarely_a_leak() -> None:
    """Of series with noise alone, ten times the threshold, at most one in twenty is a leak."""
    rng = random.Random(1)
    found = [judged([rng.gauss(0, 10) for _ in range(LEAST_CYCLES)], seed).finding for seed in range(SERIES)]
    assert found.count(Finding.LEAK) <= SERIES / 20


def test_large_noise_hides_a_slope() -> None:
    """Noise of ten times the threshold gives no acquittal, and the smallest visible slope is as large."""
    found = judged([0, 0, 0, 5, -12, 9, 14, -8, 11])
    assert found.finding is Finding.INCONCLUSIVE and found.smallest_visible > 3


@settings(max_examples=60, deadline=None)
@given(count=cycles, size=st.floats(1.0, 1e6), data=st.data())
def test_one_jump_is_no_leak(count: int, size: float, data: st.DataObject) -> None:
    """One jump of any size in any cycle is no leak."""
    place = data.draw(st.integers(0, count - 1))
    assert judged([size if number > place else 0.0 for number in range(count)]).finding is Finding.NO_LEAK


@settings(max_examples=60, deadline=None)
@given(count=st.integers(LEAST_CYCLES, 24), size=st.floats(20.0, 1e6), seed=seeds)
def test_jump_in_noise_is_no_leak(count: int, size: float, seed: int) -> None:
    """A jump between noisy levels is no leak."""
    errors = noise(count, 0.5, seed)
    assert judged([error + (size if number > count - 4 else 0.0) for number, error in enumerate(errors)], seed).finding is Finding.NO_LEAK


@settings(max_examples=60, deadline=None)
@given(count=cycles, period=st.integers(2, 3), size=st.floats(1.0, 1e6), offset=st.integers(0, 2))
def test_saw_tooth_is_no_leak(count: int, period: int, size: float, offset: int) -> None:
    """Garbage that grows for some cycles until its collection is no leak."""
    assert judged([size * ((number + offset) % period) for number in range(count)]).finding is not Finding.LEAK


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, LEAST_CYCLES - 1), slope=st.floats(0.0, 1000.0))
def test_few_cycles_are_inconclusive(count: int, slope: float) -> None:
    """Too few cycles give no verdict, whatever they show."""
    found = judged([slope * number for number in range(count)])
    assert found.finding is Finding.INCONCLUSIVE and math.isinf(found.smallest_visible)


@settings(max_examples=60, deadline=None)
@given(count=cycles, slope=st.floats(-1000.0, 0.9))
def test_slope_below_the_threshold_is_no_leak(count: int, slope: float) -> None:
    """A slope below the threshold is no leak."""
    assert judged([slope * number for number in range(count)]).finding is Finding.NO_LEAK


def test_warm_up_does_not_count() -> None:
    """Growth in the first cycles alone is no leak, and the result states how many cycles did not count."""
    found = judged([0, 500, 900, 1000, 1000, 1000, 1000, 1000, 1000])
    assert (found.finding, found.warm_up, found.cycles) == (Finding.NO_LEAK, WARM_UP, LEAST)


@pytest.mark.parametrize(("count", "skipped"), [(2, 3), (9, 3), (11, 5), (12, 6), (20, 10)])
def test_warm_up(count: int, skipped: int) -> None:
    """Three cycles at least, and half of many."""
    assert warm_up(count) == skipped


def test_same_seed_same_interval() -> None:
    """The same seed gives the same interval."""
    floors = [3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3]
    assert judged(floors, 3) == judged(floors, 3)


def test_per_thousand_requests() -> None:
    """A slope per cycle of 100 requests is a tenth of the slope per 1000."""
    assert judged([0.0] * LEAST_CYCLES).per_thousand(0.25) == 2.5


def test_theil_sen_ignores_outliers() -> None:
    """Two outliers of nine leave the slope as it is."""
    assert theil_sen([0, 2, 4, 900, 8, 10, -900, 14, 16]) == 2


def test_thresholds() -> None:
    """A descriptor in every fourth cycle counts, and so does a quarter of 4 KiB a request."""
    assert COUNT.slope(10) < 0.5 and COUNT.slope(100) < 1
    assert MEMORY.slope(100) < 100 * 1024
    assert MEMORY.slope(0, relayed_bytes=1000) - MEMORY.slope(0) == 100
