"""The plan of a soak: refusals, the times of its faults, and the fault budget."""

from __future__ import annotations

import pytest

from hivecheck.errors import UsageError
from hivecheck.faults.planning.fault_budget import FaultCandidates
from hivecheck.faults.planning.soak_plan import LONGEST_ROUND_SECONDS, QUIET_ROUNDS, SHORTEST_ROUND_SECONDS, SoakPlan

TARGETS = FaultCandidates({f"worker-{number}": ["a SIGKILL", "a process pause"] for number in range(1, 6)})


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (SoakPlan(minutes=0), "--minutes: 0.1 or more"),
        (SoakPlan(minutes=float("nan")), "--minutes: 0.1 or more"),
        (SoakPlan(rate_per_second=0), "--rate: 1 to 200"),
        (SoakPlan(faults=-1), "--random-faults: 0 or more"),
        (SoakPlan(minutes=0.5, faults=4), "at most 3 here"),
        (SoakPlan(minutes=1000), "so at most 83 minutes here"),
    ],
)
def test_impossible_plan_is_refused(plan: SoakPlan, words: str) -> None:
    """A refusal names the option and what is possible."""
    with pytest.raises(UsageError, match="expected: --") as refusal:
        plan.must_be_possible()
    assert words in str(refusal.value)


@pytest.mark.parametrize("minutes", [0.5, 2, 30])
def test_faults_leave_quiet_rounds(minutes: float) -> None:
    """The first round has no fault, and all are due early enough for the quiet rounds of a soak of more than a few minutes."""
    plan = SoakPlan(minutes=minutes, faults=3, seed=7)
    assert plan.due(plan.round_seconds * 0.99) == 0 and plan.due(plan.seconds) == 3
    if minutes == 30:
        assert plan.due(plan.seconds - QUIET_ROUNDS * plan.round_seconds) == 3


def test_seed_decides_faults() -> None:
    """A seed has the same times and the same faults each time, another one has others."""
    plans = [SoakPlan(minutes=30, faults=10, seed=seed) for seed in (7, 7, 8)]
    times = [[plan.due(second) for second in range(0, 1800, 5)] for plan in plans]
    assert times[0] == times[1] != times[2]
    first, again, other = (plan.faults_of(4, 2, TARGETS).faults for plan in plans)
    assert first == again != other


def test_round_length() -> None:
    """A round has enough requests for a baseline at every rate, and stays within its limits otherwise."""
    assert SoakPlan(minutes=0.1).round_seconds == SHORTEST_ROUND_SECONDS
    assert SoakPlan(minutes=60).round_seconds == LONGEST_ROUND_SECONDS
    assert SoakPlan(minutes=1, rate_per_second=1).round_seconds == 20
