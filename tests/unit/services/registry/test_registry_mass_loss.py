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
def test_more_than_half_and_at_least_three_have_missed_a_heartbeat(ages: list[float], is_mass: bool) -> None:
    assert is_mass_loss(ages, TTL) is is_mass


@given(st.integers(LEAST_SILENT, 50), st.floats(0, 1))
def test_everybody_silent_is_always_one_whatever_the_moment_of_their_last_heartbeat(count: int, spread: float) -> None:
    interval = TTL / 3
    ages = [TTL + 0.001 - spread * interval * number / count for number in range(count)]
    assert is_mass_loss(ages, TTL)


@given(st.lists(st.floats(0, TTL / 3), min_size=3), st.floats(6.1, 100))
def test_one_dead_service_among_living_ones_never_is(alive: list[float], age: float) -> None:
    assert not is_mass_loss([*alive, age], TTL)
