"""The interval of a difference covers the truth, and blocks follow the dependence of the windows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.measurement.resampling import LEAST_WINDOWS, block_length, difference, t_quantile


def series(rng: random.Random, size: int, memory: float, level: float = 10.0) -> list[tuple[float, float]]:
    """Windows with a mean of `level`, each dependent on the one before."""
    value, made = 0.0, []
    for _ in range(size):
        value = memory * value + rng.gauss(0, 1)
        made.append((level + value, 1.0))
    return made


@pytest.mark.parametrize("memory", [0.0, 0.5])
@pytest.mark.parametrize("is_paired", [True, False])
def test_interval_covers_the_truth(memory: float, is_paired: bool) -> None:
    """The interval contains the true difference in 95 % of all seeds: 90 of 100 is the least that chance allows."""
    hits = 0
    for seed in range(100):
        rng = random.Random(seed)
        found = difference(series(rng, 60, memory), series(rng, 60, memory, 12.0), is_paired=is_paired, error_share=0.05, seed=seed)
        hits += found is not None and found.low <= 2.0 <= found.high
    assert hits >= 90


def test_few_windows_give_no_interval() -> None:
    """A series with fewer windows than a standard error needs gives none."""
    short = [(1.0, 1.0)] * (LEAST_WINDOWS - 1)
    assert difference(short, short, is_paired=False, error_share=0.05, seed=0) is None


def test_empty_windows_do_not_count() -> None:
    """A window without a sample is no window of the statistic."""
    empty = [(0.0, 0.0)] * LEAST_WINDOWS
    assert difference(empty, empty, is_paired=False, error_share=0.05, seed=0) is None


def test_same_seed_same_interval() -> None:
    """The seed alone decides the resamples."""
    rng = random.Random(1)
    a, b = series(rng, 30, 0.3), series(rng, 30, 0.3)
    assert difference(a, b, is_paired=False, error_share=0.05, seed=3) == difference(a, b, is_paired=False, error_share=0.05, seed=3)


def test_pairing_removes_a_shared_ramp() -> None:
    """Two runs of one ramp differ by their noise alone, and not by the ramp."""
    rng = random.Random(2)
    a, b = ([(place + rng.gauss(0, 0.5), 1.0) for place in range(60)] for _ in range(2))
    paired, apart = (difference(a, b, is_paired=way, error_share=0.05, seed=1) for way in (True, False))
    assert paired and apart
    assert paired.high - paired.low < 0.1 * (apart.high - apart.low)


def test_block_length_follows_dependence() -> None:
    """Windows that depend on each other come in longer blocks."""
    loose, tight = ([up for up, _ in series(random.Random(5), 400, memory)] for memory in (0.0, 0.9))
    assert block_length(loose) < block_length(tight)


@given(st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=80))
def test_block_length_is_in_range(values: list[float]) -> None:
    """A block is at most a quarter of the series, however odd the values are."""
    assert 1 <= block_length(values) <= max(2, len(values) // 4)


@pytest.mark.parametrize(("share", "freedom", "expected"), [(0.975, 10, 2.228), (0.995, 10, 3.169), (0.975, 30, 2.042), (0.999, 14, 3.787)])
def test_t_quantile(share: float, freedom: float, expected: float) -> None:
    """The quantiles are those of the printed tables."""
    assert t_quantile(share, freedom) == pytest.approx(expected, abs=0.02)
