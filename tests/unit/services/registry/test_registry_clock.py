"""The lease clock."""

from __future__ import annotations

from services.registry.clock import LeaseClock


def clock_over(*readings: float) -> LeaseClock:
    return LeaseClock(2.0, iter(readings).__next__)


def test_the_clock_counts_what_passes_between_readings() -> None:
    clock = clock_over(100.0, 100.5, 101.0)
    assert [clock.now().lease, clock.now().lease] == [0.5, 1.0]


def test_a_pause_of_the_registry_counts_for_one_short_step_only() -> None:
    clock = clock_over(100.0, 400.0, 400.25)
    assert [clock.now().lease, clock.now().lease] == [2.0, 2.25]
