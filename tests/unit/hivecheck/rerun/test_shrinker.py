"""Shrinking of fault plans: the smallest part that fails in the same way."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.faults.planning.fault_budget import PlannedFault
from hivecheck.rerun.shrinker import fingerprint, smallest
from hivecheck.rerun.subrun import SubRun


def faults(count: int) -> tuple[PlannedFault, ...]:
    return tuple(PlannedFault(float(number), "a SIGKILL", f"worker-{number}", 1.0) for number in range(count))


@given(st.integers(1, 10).flatmap(lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1), min_size=1))))
def test_exactly_the_faults_that_it_takes_together_are_kept(case: tuple[int, set[int]]) -> None:
    count, guilty = case
    whole = faults(count)
    needed = {whole[number] for number in guilty}
    assert set(smallest(whole, needed.issubset)) == needed


def test_each_fault_that_is_enough_alone_leaves_one() -> None:
    assert len(smallest(faults(8), lambda left: bool(left))) == 1


def test_a_plan_of_which_nothing_can_be_left_out_stays_whole() -> None:
    assert smallest(faults(5), lambda left: len(left) == 5) == faults(5)


def test_it_never_asks_about_a_plan_without_faults() -> None:
    asked: list[int] = []

    def fails(left: Sequence[PlannedFault]) -> bool:
        asked.append(len(left))
        return True

    smallest(faults(4), fails)
    assert min(asked) == 1


def ended(status: str, **more: Any) -> SubRun:
    return SubRun(
        1,
        {"f:1": {"name": "It works", "status": status, "step": "Then it works", "message": "expected: 1 in 3 s\nactual: 2"} | more},
        "",
        "",
    )


def test_the_same_demand_with_other_figures_is_the_same_failure() -> None:
    assert fingerprint(ended("failed")) == fingerprint(ended("failed", message="expected: 1 in 4.5 s\nactual: worker-3 answered 7"))
    assert fingerprint(ended("failed")) == fingerprint(ended("failed", message="expected: 1 in 4.5 s actual: worker-3 answered 7"))


@pytest.mark.parametrize("other", [{"status": "inconclusive"}, {"step": "Then it works again"}, {"message": "expected: peace\nactual: 2"}])
def test_another_status_step_or_demand_is_another_failure(other: dict[str, str]) -> None:
    assert fingerprint(ended("failed")) != fingerprint(ended(**{"status": "failed"} | other))


def test_what_passed_or_is_not_supported_has_no_fingerprint_and_a_run_without_result_has_one() -> None:
    assert not fingerprint(ended("passed")) and not fingerprint(ended("not supported"))
    assert fingerprint(SubRun(2, {}, "", "refused")) != fingerprint(SubRun(2, {}, "", "killed"))
