"""The lease clock."""

from __future__ import annotations

from services.registry.clock import LeaseClock


def clock_over(*readings: float) -> LeaseClock:
    return LeaseClock(2.0, iter(readings).__next__)


def test_clock_counts_time() -> None:
    """The clock counts the time between readings."""
    clock = clock_over(100.0, 100.5, 101.0)
    assert [clock.now().lease, clock.now().lease] == [0.5, 1.0]


def test_pause_counts_as_short_step() -> None:
    """A pause of the registry counts for one limited step."""
    clock = clock_over(100.0, 400.0, 400.25)
    assert [clock.now().lease, clock.now().lease] == [2.0, 2.25]
