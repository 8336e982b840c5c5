"""Chance knows of every fault whom it may strike with it, or why nobody."""

from __future__ import annotations

import pytest

from hivecheck.faults import FAULTS
from hivecheck.faults.planning.eligibility import DRAWN, LIAR, NOT_DRAWN, OWN_NODE, REGISTRY, WORKER, possible

EVERY_POWER = {power for make in FAULTS.values() for power in make().needs}


def test_every_fault_is_drawn_or_left_out_for_a_reason() -> None:
    assert {*DRAWN, *NOT_DRAWN} == set(FAULTS), "each row of FAULTS has a row in hivecheck/faults/planning/eligibility.py"
    assert not set(DRAWN) & set(NOT_DRAWN)
    assert all(NOT_DRAWN.values())
    assert all(set(who) <= {WORKER, OWN_NODE, LIAR, REGISTRY} and who for who in DRAWN.values())


def test_everything_that_is_drawn_can_strike_somebody() -> None:
    assert set(possible({WORKER, OWN_NODE, LIAR, REGISTRY}, EVERY_POWER)) == set(DRAWN)


@pytest.mark.parametrize(
    ("who", "powers", "faults"),
    [
        ({WORKER}, set(), []),
        ({WORKER}, {"pause"}, ["a wedge"]),
        ({WORKER}, {"pause", "freeze"}, ["a wedge"]),
        ({WORKER, OWN_NODE}, {"pause", "freeze"}, ["a wedge", "a freeze"]),
        ({WORKER, LIAR}, {"exec"}, ["a lie"]),
        ({WORKER, OWN_NODE}, {"exec"}, []),
        ({REGISTRY}, {"exec"}, ["a lock on the database", "a replacement of the database", "a limit of 0 bytes to files"]),
    ],
)
def test_nobody_is_struck_with_what_is_not_for_them_or_takes_a_power_that_is_not_there(
    who: set[str], powers: set[str], faults: list[str]
) -> None:
    assert possible(who, powers) == faults
