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


def test_a_requests_own_behaviour_goes_before_a_one_shot_and_that_before_a_rate() -> None:
    one = InjectedFaults(Random(1), rates=(Rate(1.0, RATE),))
    one.one_shots.append(SHOT)
    assert [one.behaviour(OWN), one.behaviour(), one.behaviour()] == [OWN, SHOT, RATE]


def test_a_request_that_wants_to_be_served_as_usual_meets_no_rate() -> None:
    assert InjectedFaults(Random(1), rates=(Rate(1.0, RATE),)).behaviour(NORMAL) == NORMAL


def test_rates_are_met_by_their_share_of_the_requests() -> None:
    one = with_rates(0.2, 0.3)
    drawn = [one.behaviour() for _ in range(10_000)]
    shares = [drawn.count(rate.behaviour) / len(drawn) for rate in one.rates]
    assert shares == [pytest.approx(0.2, abs=0.02), pytest.approx(0.3, abs=0.02)]


@given(seed=st.integers(), share=st.floats(0, 1))
def test_the_same_seed_draws_the_same(seed: int, share: float) -> None:
    def drawn() -> list[object]:
        one = InjectedFaults(Random(seed), rates=(Rate(share, RATE),))
        return [one.behaviour() for _ in range(20)]

    assert drawn() == drawn()


def test_a_reset_undoes_everything() -> None:
    one = with_rates(1.0)
    one.one_shots.append(SHOT)
    one.health, one.ignores_sigterm = "sick", True
    one.allocate(2)
    assert (one.reset(), one.behaviour(), one.health, one.ignores_sigterm, one.allocated_mib) == (1, NORMAL, "honest", False, 0)


def test_settings_give_the_first_orders() -> None:
    one = configured_faults(WorkerSettings(name="w", port=1, token="", fault="status:502", health="well", ignore_sigterm=True))
    assert (one.behaviour(), one.health, one.ignores_sigterm) == (RATE, "well", True)


def test_a_setting_that_is_no_fault_is_refused() -> None:
    with pytest.raises(BehaviourError, match="unknown fault"):
        configured_faults(WorkerSettings(name="w", port=1, token="", fault="explode"))
