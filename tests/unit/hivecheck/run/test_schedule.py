"""The schedule of several jobs: each scenario once, the longest first, exclusive scenarios alone."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hivecheck.reports.result import Planned
from hivecheck.run.schedule import WORTHWHILE_SECONDS, Schedule, Wait, jobs_worthwhile
from hivecheck.tags import NO_TOPOLOGY

SECONDS = {0: 0.1, 1: 1.0, 2: 4.0, 3: 20.0}


def planned(number: int, topology: str = "default", *, is_fresh: bool = False, is_exclusive: bool = False, length: int = 1) -> Planned:
    """A scenario. Its line holds its length."""
    key = f"f.feature:{number * 10 + length}"
    return Planned(key, "F", f"scenario {number}", "f.feature", number * 10 + length, (), topology, None, is_fresh, is_exclusive)


def seconds(item: Planned) -> float:
    return SECONDS[item.line % 10]


def play(plan: list[Planned], jobs: int, seed: int = 7) -> list[tuple[float, float, int, Planned]]:
    """A run on a simulated clock. Returns start, end, job and scenario of each."""
    schedule = Schedule(plan, seconds, seed, jobs)
    free_at = dict.fromkeys(range(jobs), 0.0)
    waiting: dict[int, float] = {}
    ran = []
    while free_at or waiting:
        if not free_at:
            # Every other job has ended by now, so the schedule must know what comes next.
            free_at, waiting = waiting, {}
        job = min(free_at, key=lambda number: (free_at[number], number))
        now = free_at.pop(job)
        assignment = schedule.next(job)
        if assignment is Wait.MORE:
            waiting[job] = now
        elif assignment is Wait.DONE:
            schedule.left(job)
            for other in list(waiting):
                free_at[other] = max(now, waiting.pop(other))
        else:
            assert assignment.planned.topology in assignment.needed
            ran.append((now, now + seconds(assignment.planned), job, assignment.planned))
            free_at[job] = now + seconds(assignment.planned)
    return ran


plans = st.lists(
    st.tuples(st.sampled_from(["default", "small", NO_TOPOLOGY]), st.booleans(), st.booleans(), st.integers(0, 3)), max_size=25
).map(lambda rows: [planned(n, t, is_fresh=f, is_exclusive=e, length=length) for n, (t, f, e, length) in enumerate(rows)])


@given(plans, st.integers(1, 5), st.integers(1, 100))
def test_each_scenario_once(plan: list[Planned], jobs: int, seed: int) -> None:
    """Every scenario of the plan is assigned to exactly one job."""
    assert sorted(item.key for *_, item in play(plan, jobs, seed)) == sorted(item.key for item in plan)


@given(plans, st.integers(2, 5), st.integers(1, 100))
def test_exclusive_runs_alone(plan: list[Planned], jobs: int, seed: int) -> None:
    """No other scenario runs while an exclusive one does."""
    ran = play(plan, jobs, seed)
    for start, end, job, item in ran:
        if item.is_exclusive:
            beside = [other for begun, ended, other_job, other in ran if other_job != job and begun < end and ended > start]
            assert beside == []


def test_longest_first() -> None:
    """The longest scenario starts first, so that the other jobs have work until its end."""
    plan = [planned(1, length=1), planned(2, length=3), planned(3, length=2)]
    assert [item.line % 10 for *_, item in play(plan, 1)] == [3, 2, 1]


def test_seed_changes_neighbours() -> None:
    """Scenarios of about the same length come in the order of the seed."""
    plan = [planned(number) for number in range(20)]
    orders = {tuple(item.key for *_, item in play(plan, 1, seed)) for seed in range(5)}
    assert len(orders) == 5


def test_job_keeps_its_topology() -> None:
    """A job changes its topology only when no scenario of it is left."""
    plan = [planned(number, "default" if number % 2 else "small") for number in range(20)]
    topologies = [item.topology for *_, item in play(plan, 1)]
    assert sum(1 for one, other in pairwise(topologies) if one != other) == 1


def test_no_further_stack_for_little_work() -> None:
    """A job does not bring up a second stack for less work than its start costs."""
    plan = [planned(number, length=0) for number in range(5)]
    assert {job for _, _, job, _ in play(plan, 4)} == {0}


def test_needed_topologies() -> None:
    """An assignment names the topologies that a later scenario may need, and no other."""
    schedule = Schedule([planned(1, "default"), planned(2, "small", length=2)], seconds, 7, 1)
    first, second = schedule.next(0), schedule.next(0)
    assert not isinstance(first, Wait) and first.needed == {"default", "small"}
    assert not isinstance(second, Wait) and second.needed == {second.planned.topology}


def test_dropped_schedule() -> None:
    """After an interruption no job gets a scenario."""
    schedule = Schedule([planned(1), planned(2, is_fresh=True), planned(3, is_exclusive=True)], seconds, 7, 2)
    schedule.drop()
    assert schedule.next(0) is schedule.next(1) is Wait.DONE


def test_jobs_by_work() -> None:
    """A run with little work has few jobs, and exclusive scenarios do not count."""
    assert jobs_worthwhile([planned(1)], seconds, 4) == 1
    assert jobs_worthwhile([planned(number, length=3) for number in range(9)], seconds, 4) == 4
    assert jobs_worthwhile([planned(number, length=3, is_exclusive=True) for number in range(9)], seconds, 4) == 1
    assert jobs_worthwhile([planned(1, length=3)], lambda _: 2 * WORTHWHILE_SECONDS, 4) == 2
