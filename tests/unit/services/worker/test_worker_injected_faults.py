"""Injected faults: which behaviour a request gets, and what a reset removes."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.worker.behaviour import NORMAL, BehaviourError, parse
from services.worker.injected_faults import InjectedFaults, Rate, configured_faults
from services.worker.settings import WorkerSettings

OWN, SHOT, RATE = parse("status:500"), parse("status:501"), parse("status:502")


def with_rates(*shares: float) -> InjectedFaults:
    return InjectedFaults(Random(1), rates=tuple(Rate(share, parse(f"status:{600 - number}")) for number, share in enumerate(shares, 1)))


def test_precedence() -> None:
    """A request's own behaviour precedes a one-shot, and that precedes a rate."""
    one = InjectedFaults(Random(1), rates=(Rate(1.0, RATE),))
    one.one_shots.append(SHOT)
    assert [one.behaviour(OWN), one.behaviour(), one.behaviour()] == [OWN, SHOT, RATE]


def test_normal_behaviour_meets_no_rate() -> None:
    """A request with the normal behaviour gets no fault by rate."""
    assert InjectedFaults(Random(1), rates=(Rate(1.0, RATE),)).behaviour(NORMAL) == NORMAL


def test_rate_shares() -> None:
    """Each rate applies to its share of the requests."""
    one = with_rates(0.2, 0.3)
    drawn = [one.behaviour() for _ in range(10_000)]
    shares = [drawn.count(rate.behaviour) / len(drawn) for rate in one.rates]
    assert shares == [pytest.approx(0.2, abs=0.02), pytest.approx(0.3, abs=0.02)]


@given(seed=st.integers(), share=st.floats(0, 1))
def test_rates_are_seeded(seed: int, share: float) -> None:
    """The same seed gives the same sequence."""

    def drawn() -> list[object]:
        one = InjectedFaults(Random(seed), rates=(Rate(share, RATE),))
        return [one.behaviour() for _ in range(20)]

    assert drawn() == drawn()


def test_reset() -> None:
    """A reset removes all injected faults."""
    one = with_rates(1.0)
    one.one_shots.append(SHOT)
    one.health, one.ignores_sigterm = "sick", True
    one.allocate(2)
    assert (one.reset(), one.behaviour(), one.health, one.ignores_sigterm, one.allocated_mib) == (1, NORMAL, "honest", False, 0)


def test_from_settings() -> None:
    """The settings give the initial faults."""
    one = configured_faults(WorkerSettings(name="w", port=1, token="", fault="status:502", health="well", ignore_sigterm=True))
    assert (one.behaviour(), one.health, one.ignores_sigterm) == (RATE, "well", True)


def test_invalid_setting() -> None:
    """An invalid fault setting is rejected."""
    with pytest.raises(BehaviourError, match="unknown fault"):
        configured_faults(WorkerSettings(name="w", port=1, token="", fault="explode"))
