"""A plan of faults: the same from the same seed, never more at once than a stack must stand, refused where it makes no sense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.errors import UsageError
from hivecheck.faults import FAULTS
from hivecheck.faults.plan import ANYWHERE, LATEST_SECONDS, Blow, Drawing, FaultPlan, draw, load, possible, tolerated

WORKERS = {f"worker-{number}": list(ANYWHERE) for number in range(1, 6)}
GOOD = {"at_seconds": 1.0, "fault": "a kill", "target": "worker-1", "for_seconds": 2.0}


def written(folder: Path, told: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return path


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10), workers=st.integers(3, 9))
def test_at_no_time_more_workers_are_struck_than_a_stack_must_stand(seed: int, count: int, workers: int) -> None:
    names = {f"worker-{number}": list(ANYWHERE) for number in range(workers)}
    drawn = draw(seed, count, names)
    drawn.must_be_tolerable(sorted(names))
    for moment in [blow.at_seconds for blow in drawn.blows]:
        struck = [blow.target for blow in drawn.blows if blow.at_seconds <= moment < blow.over_at]
        assert len(struck) == len(set(struck)) <= tolerated(workers)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10))
def test_the_same_seed_draws_the_same_plan_and_a_file_holds_all_of_it(seed: int, count: int, tmp_path_factory: Any) -> None:
    drawn = draw(seed, count, WORKERS)
    assert draw(seed, count, WORKERS) == drawn
    assert load(written(tmp_path_factory.mktemp("plan"), drawn.text())) == drawn
    assert len(drawn.blows) == count
    assert drawn.blows[-1].over_at < LATEST_SECONDS


def test_another_seed_draws_another_plan() -> None:
    assert len({draw(seed, 3, WORKERS) for seed in range(20)}) == 20


def test_only_what_can_strike_a_worker_strikes_it() -> None:
    able = {"worker-1": ["a kill"], "worker-2": ["a wedge"], "worker-3": ["a freeze"]}
    blows = [blow for seed in range(30) for blow in draw(seed, 5, able).blows]
    assert {(blow.target, blow.fault) for blow in blows} == {(name, words[0]) for name, words in able.items()}


def test_every_fault_that_may_be_drawn_exists_and_is_drawn_only_with_its_powers() -> None:
    assert set(ANYWHERE) <= set(FAULTS)
    assert possible(frozenset()) == []
    assert possible(frozenset({"pause"})) == ["a wedge"]


def test_of_two_workers_none_may_be_faulty() -> None:
    with pytest.raises(UsageError, match="wanted: 3 workers or more"):
        draw(1, 1, {"worker-1": ["a kill"], "worker-2": ["a kill"]})


@pytest.mark.parametrize("count", [0, 11])
def test_a_number_of_faults_beyond_the_limits_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"random_faults={count}: expected a whole number, 1 to 10"):
        draw(1, count, WORKERS)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("{", "expected a JSON file"),
        ([], r"plan=\[\]: expected an object with blows, seed"),
        ({"seed": 1}, r"plan=\['seed'\]: expected an object with blows, seed"),
        ({"seed": "one", "blows": [GOOD]}, "seed='one': expected a whole number"),
        ({"seed": 1, "blows": []}, r"blows=\[\]: expected a list of 1 to 10 blows"),
        ({"seed": 1, "blows": [GOOD | {"more": 1}]}, r"blows\[0\]=.*: expected an object with at_seconds, fault, for_seconds, target"),
        ({"seed": 1, "blows": [GOOD, GOOD | {"fault": "a kil"}]}, r"blows\[1\].fault='a kil': expected one of a kill, a termination"),
        ({"seed": 1, "blows": [GOOD | {"at_seconds": -1}]}, r"blows\[0\].at_seconds=-1: expected seconds, 0 to 30"),
        ({"seed": 1, "blows": [GOOD | {"for_seconds": True}]}, r"blows\[0\].for_seconds=True: expected seconds, 0 to 10"),
        ({"seed": 1, "blows": [GOOD | {"target": 3}]}, r"blows\[0\].target=3: expected a worker's id"),
    ],
)
def test_a_bad_file_is_refused_with_its_key_its_value_and_the_accepted_form(tmp_path: Path, told: Any, words: str) -> None:
    path = written(tmp_path, told)
    with pytest.raises(UsageError, match=words) as refusal:
        load(path)
    assert f"plan={path}" in str(refusal.value)


def test_a_plan_that_strikes_too_many_at_once_is_refused() -> None:
    blows = tuple(Blow(1.0, "a kill", f"worker-{number}", 2.0) for number in (1, 2, 3))
    with pytest.raises(UsageError, match=r"at most 2 of 5 workers are faulty; then worker-1, worker-2, worker-3 would be"):
        FaultPlan(1, blows).must_be_tolerable(sorted(WORKERS))


def test_a_replayed_plan_must_fit_the_workers_and_the_platform(tmp_path: Path) -> None:
    stranger = Drawing(file=written(tmp_path, {"seed": 1, "blows": [GOOD | {"target": "worker-9"}]}))
    with pytest.raises(UsageError, match=r"blows\[0\].target='worker-9': expected one of worker-1"):
        stranger.plan(WORKERS)
    powerless = Drawing(file=written(tmp_path, {"seed": 1, "blows": [GOOD | {"fault": "a freeze"}]}))
    with pytest.raises(UsageError, match=r"blows\[0\].fault='a freeze': expected what can strike worker-1 on this platform: a kill\.$"):
        powerless.plan({name: ["a kill"] for name in WORKERS})
