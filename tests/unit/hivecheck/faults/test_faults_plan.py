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
from hivecheck.faults.planning.eligibility import LIAR, OWN_NODE, REGISTRY, WORKER, possible
from hivecheck.faults.planning.fault_budget import Blow, Targets, tolerated
from hivecheck.faults.planning.plan import LATEST_SECONDS, Drawing, FaultPlan, draw, load

EVERY_POWER = {power for make in FAULTS.values() for power in make().needs}
ON_WORKERS, ON_THE_REGISTRY = possible({WORKER, OWN_NODE, LIAR}, EVERY_POWER), possible({REGISTRY}, EVERY_POWER)
WORKERS = {f"worker-{number}": ON_WORKERS for number in range(1, 6)}
TARGETS = Targets(WORKERS, {"registry": ON_THE_REGISTRY})
GOOD = {"at_seconds": 1.0, "fault": "a kill", "target": "worker-1", "for_seconds": 2.0}


def written(folder: Path, told: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return path


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10), workers=st.integers(3, 9))
def test_at_no_time_more_are_struck_than_a_stack_must_stand(seed: int, count: int, workers: int) -> None:
    targets = Targets({f"worker-{number}": ON_WORKERS for number in range(workers)}, TARGETS.supports)
    drawn = draw(seed, count, targets)
    drawn.must_be_tolerable(targets)
    for number, blow in enumerate(drawn.blows):
        earlier = targets.faulty(drawn.blows[:number], blow.at_seconds)
        assert blow.target not in earlier, "nobody is struck before it is sound again"
        faulty = {*earlier, blow.target}
        assert len(faulty & set(targets.workers)) <= tolerated(workers)
        assert len(faulty & set(targets.supports)) <= 1
    assert drawn.blows[-1].at_seconds <= LATEST_SECONDS


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10))
def test_the_same_seed_draws_the_same_plan_and_a_file_holds_all_of_it(seed: int, count: int, tmp_path_factory: Any) -> None:
    drawn = draw(seed, count, TARGETS)
    assert draw(seed, count, TARGETS) == drawn
    assert load(written(tmp_path_factory.mktemp("plan"), drawn.text())) == drawn
    assert len(drawn.blows) == count


def test_blows_for_which_no_time_is_left_are_left_out() -> None:
    few = Targets({f"worker-{number}": ["a kill"] for number in range(3)})
    drawn = [draw(seed, 10, few).blows for seed in range(30)]
    assert min(map(len, drawn)) < 10
    assert all(blows[-1].at_seconds <= LATEST_SECONDS for blows in drawn)


def test_another_seed_draws_another_plan() -> None:
    assert len({draw(seed, 3, TARGETS) for seed in range(20)}) == 20


def test_only_what_can_strike_a_target_strikes_it() -> None:
    able = {"worker-1": ["a kill"], "worker-2": ["a wedge"], "worker-3": ["a freeze"]}
    supports = {"registry": ["a lock on the database"]}
    blows = [blow for seed in range(30) for blow in draw(seed, 5, Targets(able, supports)).blows]
    assert {(blow.target, blow.fault) for blow in blows} == {(name, words[0]) for name, words in (able | supports).items()}


def test_everything_that_may_be_drawn_is_drawn_and_no_kind_crowds_out_the_others() -> None:
    blows = [blow for seed in range(400) for blow in draw(seed, 5, TARGETS).blows]
    assert {blow.fault for blow in blows} == {*ON_WORKERS, *ON_THE_REGISTRY}
    of_packets = sum("packets" in FAULTS[blow.fault]().needs for blow in blows)
    assert of_packets < 0.6 * len(blows), "most rows are of packets, and only some of the kinds"


def test_of_two_workers_none_may_be_faulty() -> None:
    with pytest.raises(UsageError, match="wanted: 3 workers or more"):
        draw(1, 1, Targets({"worker-1": ["a kill"], "worker-2": ["a kill"]}))


@pytest.mark.parametrize("count", [0, 11])
def test_a_number_of_faults_beyond_the_limits_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"random_faults={count}: expected a whole number, 1 to 10"):
        draw(1, count, TARGETS)


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
        ({"seed": 1, "blows": [GOOD | {"fault": "a kil"}]}, r"an? .*\(there is no such fault\)"),
        ({"seed": 1, "blows": [GOOD | {"fault": "a hoard of connections"}]}, r"expected one of .*\(a node without a cap of connections"),
        ({"seed": 1, "blows": [GOOD | {"fault": ["a kill"]}]}, r"blows\[0\].fault=\['a kill'\]: expected one of"),
        ({"seed": 1, "blows": [GOOD | {"at_seconds": -1}]}, r"blows\[0\].at_seconds=-1: expected seconds, 0 to 45"),
        ({"seed": 1, "blows": [GOOD | {"for_seconds": True}]}, r"blows\[0\].for_seconds=True: expected seconds, 0 to 10"),
        ({"seed": 1, "blows": [GOOD | {"target": 3}]}, r"blows\[0\].target=3: expected the name of a worker or a node"),
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
        FaultPlan(1, blows).must_be_tolerable(TARGETS)
    FaultPlan(1, (*blows[:2], Blow(1.0, "a wedge", "registry", 2.0))).must_be_tolerable(TARGETS)
    both = Targets(WORKERS, {"registry": ["a kill"], "registry-2": ["a kill"]})
    blows = tuple(Blow(at, "a kill", name, 2.0) for at, name in ((1.0, "registry"), (2.0, "registry-2")))
    with pytest.raises(
        UsageError, match=r"blows\[1\].at_seconds=2.0: .* at most 1 of 2 supports are faulty; then registry, registry-2 would be"
    ):
        FaultPlan(1, blows).must_be_tolerable(both)


def test_a_replayed_plan_must_fit_the_targets_and_the_platform(tmp_path: Path) -> None:
    stranger = Drawing(file=written(tmp_path, {"seed": 1, "blows": [GOOD | {"target": "worker-9"}]}))
    with pytest.raises(UsageError, match=r"blows\[0\].target='worker-9': expected one of registry, worker-1"):
        stranger.plan(TARGETS)
    powerless = Drawing(file=written(tmp_path, {"seed": 1, "blows": [GOOD | {"fault": "a freeze"}]}))
    with pytest.raises(UsageError, match=r"blows\[0\].fault='a freeze': expected what can strike worker-1 on this platform: a kill\.$"):
        powerless.plan(Targets({name: ["a kill"] for name in WORKERS}))
    not_for_it = Drawing(file=written(tmp_path, {"seed": 1, "blows": [GOOD | {"target": "registry", "fault": "a lie"}]}))
    with pytest.raises(UsageError, match=r"blows\[0\].fault='a lie': expected what can strike registry"):
        not_for_it.plan(TARGETS)


def test_a_plan_of_before_the_registry_could_be_struck_is_still_taken(tmp_path: Path) -> None:
    blows = [GOOD | {"fault": fault} for fault in ("a kill", "a termination", "a wedge", "a freeze")]
    assert len(load(written(tmp_path, {"seed": 7, "blows": blows})).blows) == 4
