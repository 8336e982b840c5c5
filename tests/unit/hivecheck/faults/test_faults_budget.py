"""The tolerance: less than half of the workers and one support at a time, and nobody is sound again before that could be known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.faults.planning.fault_budget import RECOVERY_SECONDS, FaultCandidates, PlannedFault, tolerated

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
def test_less_than_half_of_the_workers_may_be_faulty(workers: int, most: int) -> None:
    assert tolerated(workers) == most


def test_who_was_struck_is_sound_again_only_when_it_has_recovered() -> None:
    assert TARGETS.faulty([KILL], 0.9) == {}
    assert TARGETS.faulty([KILL], 1.0) == TARGETS.faulty([KILL], SOUND_AT - 0.1) == {"worker-1": SOUND_AT}
    assert TARGETS.faulty([KILL], SOUND_AT) == {}


@pytest.mark.parametrize("at", [0.5, 1.0, 2.9, SOUND_AT - 0.1])
def test_a_worker_that_is_faulty_while_a_support_is_waits_for_that(at: float) -> None:
    outage = PlannedFault(at, "a process pause", "registry", 5.5)
    assert TARGETS.faulty([KILL, outage], 5.9)["worker-1"] == outage.forgotten_at


def test_a_support_that_was_well_all_that_time_holds_nobody_up() -> None:
    before, after = PlannedFault(0.0, "a process pause", "registry", 0.5), PlannedFault(SOUND_AT, "a process pause", "registry", 3.0)
    late = PlannedFault(before.forgotten_at, "a SIGKILL", "worker-1", 1.0)
    assert TARGETS.faulty([before, late], late.at_seconds)["worker-1"] == late.forgotten_at
    assert TARGETS.faulty([KILL, after], SOUND_AT - 0.1)["worker-1"] == SOUND_AT


def test_one_more_may_be_struck_when_there_is_room() -> None:
    assert TARGETS.room_at("worker-2", [KILL], 1.5) == 1.5
    assert TARGETS.room_at("worker-1", [KILL], 1.5) == SOUND_AT, "the same one is not struck again before it is sound"
    assert TARGETS.room_at("worker-3", [KILL, OTHER_KILL], 2.5) == SOUND_AT, "two are faulty"
    assert TARGETS.room_at("registry", [KILL, OTHER_KILL], 2.5) == 2.5, "a support is no worker"


@settings(max_examples=200, deadline=None)
@given(faults=faults, target=st.sampled_from(TARGETS.names()), at=st.floats(0, 25))
def test_there_is_room_at_the_moment_that_is_told_and_the_target_is_sound(faults: list[PlannedFault], target: str, at: float) -> None:
    moment = TARGETS.room_at(target, faults, at)
    faulty = [name for name in TARGETS.faulty(faults, moment) if name in TARGETS.of_its_kind(target)]
    assert moment >= at
    assert target not in faulty and len(faulty) < TARGETS.tolerated(target)


@settings(max_examples=200, deadline=None)
@given(faults=faults, at=st.floats(0, 25))
def test_whoever_is_under_a_fault_or_was_until_a_moment_ago_is_faulty(faults: list[PlannedFault], at: float) -> None:
    faulty = TARGETS.faulty(faults, at)
    assert {planned.target for planned in faults if planned.at_seconds <= at < planned.forgotten_at} <= set(faulty)
    away = [planned for planned in faults if planned.target == "registry" and planned.at_seconds <= at < planned.forgotten_at]
    for outage in away:
        met = {planned.target for planned in faults if planned.at_seconds <= at and outage.at_seconds < planned.forgotten_at}
        assert met <= set(faulty)
