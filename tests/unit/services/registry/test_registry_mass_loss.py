"""When silence is a mass loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.mass_loss import LEAST_SILENT, is_mass_loss

TTL = 6.0


@pytest.mark.parametrize(
    ("ages", "is_mass"),
    [
        ([6.1, 6.1, 6.1], True),
        ([6.1, 6.1], False),
        ([6.1, 6.1, 6.1, 0.0, 0.0, 0.0], False),
        ([6.1, 4.1, 5.0, 0.0, 0.0], True),
        ([6.1, 3.9, 3.9, 0.0], False),
        ([], False),
    ],
)
def test_mass_loss_threshold(ages: list[float], is_mass: bool) -> None:
    """A mass loss needs more than half of the services, and at least three."""
    assert is_mass_loss(ages, TTL) is is_mass


@given(st.integers(LEAST_SILENT, 50), st.floats(0, 1))
def test_all_silent(count: int, spread: float) -> None:
    """If all services are silent it is a mass loss, at any phase of their heartbeats."""
    interval = TTL / 3
    ages = [TTL + 0.001 - spread * interval * number / count for number in range(count)]
    assert is_mass_loss(ages, TTL)


@given(st.lists(st.floats(0, TTL / 3), min_size=3), st.floats(6.1, 100))
def test_single_silent(alive: list[float], age: float) -> None:
    """One silent service among alive ones is never a mass loss."""
    assert not is_mass_loss([*alive, age], TTL)
