"""Eligibility for random plans is derived from the faults, by kind of target and capability."""

from __future__ import annotations

import pytest

from hivecheck.faults import FAULTS
from hivecheck.faults.fault import Kind
from hivecheck.faults.planning.eligibility import ELIGIBLE, EXCLUDED, possible

CAPABILITIES = {capability for make in FAULTS.values() for capability in make().requires}
LOCK, REPLACEMENT, FILE_LIMIT = "a lock on the database", "a replacement of the database", "a file write limit of 0 bytes"


def test_each_fault_has_one_row() -> None:
    """Each fault is eligible or excluded."""
    assert {*ELIGIBLE, *EXCLUDED} == set(FAULTS)
    assert not set(ELIGIBLE) & set(EXCLUDED)


def test_eligible_faults_are_possible() -> None:
    """Each eligible fault is possible on some target."""
    assert set(possible(set(Kind), CAPABILITIES)) == set(ELIGIBLE)


@pytest.mark.parametrize(
    ("kinds", "capabilities", "faults"),
    [
        ({Kind.WORKER}, set(), []),
        ({Kind.WORKER}, {"pause"}, ["a process pause"]),
        ({Kind.WORKER}, {"pause", "container_pause"}, ["a process pause"]),
        ({Kind.WORKER, Kind.OWN_NODE}, {"pause", "container_pause"}, ["a process pause", "a container pause"]),
        ({Kind.WORKER, Kind.ADMIN_WORKER}, {"exec"}, ["a gray failure"]),
        ({Kind.WORKER, Kind.OWN_NODE}, {"exec"}, []),
        ({Kind.REGISTRY}, {"exec"}, [LOCK, REPLACEMENT, FILE_LIMIT]),
    ],
)
def test_possible(kinds: set[Kind], capabilities: set[str], faults: list[str]) -> None:
    """A fault is possible on its kinds of targets, where the platform has its capabilities."""
    assert possible(kinds, capabilities) == faults
