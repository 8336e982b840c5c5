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
def test_necessary_faults(case: tuple[int, set[int]]) -> None:
    """Exactly the faults that are necessary together are kept."""
    count, guilty = case
    whole = faults(count)
    needed = {whole[number] for number in guilty}
    assert set(smallest(whole, needed.issubset)) == needed


def test_one_is_enough() -> None:
    """If each fault alone is enough, one is kept."""
    assert len(smallest(faults(8), lambda left: bool(left))) == 1


def test_all_necessary() -> None:
    """A plan of necessary faults stays whole."""
    assert smallest(faults(5), lambda left: len(left) == 5) == faults(5)


def test_never_empty() -> None:
    """Shrinking never tries an empty plan."""
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


def test_same_failure() -> None:
    """The same expectation with other figures is the same failure."""
    assert fingerprint(ended("failed")) == fingerprint(ended("failed", message="expected: 1 in 4.5 s\nactual: worker-3 answered 7"))
    assert fingerprint(ended("failed")) == fingerprint(ended("failed", message="expected: 1 in 4.5 s actual: worker-3 answered 7"))


@pytest.mark.parametrize("other", [{"status": "inconclusive"}, {"step": "Then it works again"}, {"message": "expected: peace\nactual: 2"}])
def test_other_failure(other: dict[str, str]) -> None:
    """Another status, step or expectation is another failure."""
    assert fingerprint(ended("failed")) != fingerprint(ended(**{"status": "failed"} | other))


def test_fingerprint() -> None:
    """A passed or unsupported scenario has no fingerprint, and a run without a result has one."""
    assert not fingerprint(ended("passed")) and not fingerprint(ended("not supported"))
    assert fingerprint(SubRun(2, {}, "", "refused")) != fingerprint(SubRun(2, {}, "", "killed"))
