"""Chance knows of every fault whom it may strike with it, or why nobody."""

from __future__ import annotations

import pytest

from hivecheck.faults import FAULTS
from hivecheck.faults.planning.eligibility import ELIGIBLE, EXCLUDED, LIAR, OWN_NODE, REGISTRY, WORKER, possible

EVERY_POWER = {power for make in FAULTS.values() for power in make().requires}


def test_every_fault_is_drawn_or_left_out_for_a_reason() -> None:
    assert {*ELIGIBLE, *EXCLUDED} == set(FAULTS), "each row of FAULTS has a row in hivecheck/faults/planning/eligibility.py"
    assert not set(ELIGIBLE) & set(EXCLUDED)
    assert all(EXCLUDED.values())
    assert all(set(who) <= {WORKER, OWN_NODE, LIAR, REGISTRY} and who for who in ELIGIBLE.values())


def test_everything_that_is_drawn_can_strike_somebody() -> None:
    assert set(possible({WORKER, OWN_NODE, LIAR, REGISTRY}, EVERY_POWER)) == set(ELIGIBLE)


@pytest.mark.parametrize(
    ("who", "capabilities", "faults"),
    [
        ({WORKER}, set(), []),
        ({WORKER}, {"pause"}, ["a process pause"]),
        ({WORKER}, {"pause", "container_pause"}, ["a process pause"]),
        ({WORKER, OWN_NODE}, {"pause", "container_pause"}, ["a process pause", "a container pause"]),
        ({WORKER, LIAR}, {"exec"}, ["a gray failure"]),
        ({WORKER, OWN_NODE}, {"exec"}, []),
        ({REGISTRY}, {"exec"}, ["a lock on the database", "a replacement of the database", "a file write limit of 0 bytes"]),
    ],
)
def test_nobody_is_struck_with_what_is_not_for_them_or_takes_a_power_that_is_not_there(
    who: set[str], capabilities: set[str], faults: list[str]
) -> None:
    assert possible(who, capabilities) == faults
