"""The fault budget: less than half of the workers and one control plane node are faulty at a time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.faults.planning.fault_budget import RECOVERY_SECONDS, FaultCandidates, PlannedFault, worker_budget

TARGETS = FaultCandidates({f"worker-{number}": ["a SIGKILL"] for number in range(1, 6)}, {"registry": ["a process pause"]})
KILL = PlannedFault(1.0, "a SIGKILL", "worker-1", 2.0)
OTHER_KILL = PlannedFault(2.0, "a SIGKILL", "worker-2", 2.0)
SOUND_AT = 3.0 + RECOVERY_SECONDS

faults = st.lists(
    st.builds(
        lambda at, target, lasts: PlannedFault(at, "a SIGKILL", target, lasts),
        st.floats(0, 20),
        st.sampled_from(TARGETS.names()),
        st.floats(0.5, 3),
    ),
    max_size=8,
)


@pytest.mark.parametrize(("workers", "most"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (9, 4)])
def test_worker_share(workers: int, most: int) -> None:
    """Less than half of the workers may be faulty."""
    assert worker_budget(workers) == most


def test_target_recovers() -> None:
    """A target counts as faulty until its recovery time is over."""
    assert TARGETS.faulty([KILL], 0.9) == {}
    assert TARGETS.faulty([KILL], 1.0) == TARGETS.faulty([KILL], SOUND_AT - 0.1) == {"worker-1": SOUND_AT}
    assert TARGETS.faulty([KILL], SOUND_AT) == {}


@pytest.mark.parametrize("at", [0.5, 1.0, 2.9, SOUND_AT - 0.1])
def test_worker_waits_for_control_plane(at: float) -> None:
    """A worker that is faulty during a control plane fault counts as faulty until the control plane has recovered."""
    outage = PlannedFault(at, "a process pause", "registry", 5.5)
    assert TARGETS.faulty([KILL, outage], 5.9)["worker-1"] == outage.sound_at


def test_control_plane_fault_at_another_time() -> None:
    """A control plane fault before or after a worker's fault delays that worker's recovery by nothing."""
    before, after = PlannedFault(0.0, "a process pause", "registry", 0.5), PlannedFault(SOUND_AT, "a process pause", "registry", 3.0)
    late = PlannedFault(before.sound_at, "a SIGKILL", "worker-1", 1.0)
    assert TARGETS.faulty([before, late], late.at_seconds)["worker-1"] == late.sound_at
    assert TARGETS.faulty([KILL, after], SOUND_AT - 0.1)["worker-1"] == SOUND_AT


def test_room_for_one_more() -> None:
    """A fault waits until its target is sound and the budget of its kind has room."""
    assert TARGETS.room_at("worker-2", [KILL], 1.5) == 1.5
    assert TARGETS.room_at("worker-1", [KILL], 1.5) == SOUND_AT, "the target is not sound"
    assert TARGETS.room_at("worker-3", [KILL, OTHER_KILL], 2.5) == SOUND_AT, "two workers are faulty"
    assert TARGETS.room_at("registry", [KILL, OTHER_KILL], 2.5) == 2.5, "a control plane node is no worker"


@settings(max_examples=200, deadline=None)
@given(faults=faults, target=st.sampled_from(TARGETS.names()), at=st.floats(0, 25))
def test_room_holds(faults: list[PlannedFault], target: str, at: float) -> None:
    """At the returned moment the target is sound and the budget has room."""
    moment = TARGETS.room_at(target, faults, at)
    faulty = [name for name in TARGETS.faulty(faults, moment) if name in TARGETS.of_its_kind(target)]
    assert moment >= at
    assert target not in faulty and len(faulty) < TARGETS.worker_budget(target)


@settings(max_examples=200, deadline=None)
@given(faults=faults, at=st.floats(0, 25))
def test_faulty_targets(faults: list[PlannedFault], at: float) -> None:
    """Each target under a fault or in recovery counts as faulty."""
    faulty = TARGETS.faulty(faults, at)
    assert {planned.target for planned in faults if planned.at_seconds <= at < planned.sound_at} <= set(faulty)
    away = [planned for planned in faults if planned.target == "registry" and planned.at_seconds <= at < planned.sound_at]
    for outage in away:
        met = {planned.target for planned in faults if planned.at_seconds <= at and outage.at_seconds < planned.sound_at}
        assert met <= set(faulty)
