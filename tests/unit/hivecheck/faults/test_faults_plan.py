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
from hivecheck.faults.planning.fault_budget import FaultCandidates, PlannedFault, tolerated
from hivecheck.faults.planning.plan import LATEST_SECONDS, FaultPlan, PlanSource, draw, load

EVERY_POWER = {power for make in FAULTS.values() for power in make().requires}
ON_WORKERS, ON_THE_REGISTRY = possible({WORKER, OWN_NODE, LIAR}, EVERY_POWER), possible({REGISTRY}, EVERY_POWER)
WORKERS = {f"worker-{number}": ON_WORKERS for number in range(1, 6)}
TARGETS = FaultCandidates(WORKERS, {"registry": ON_THE_REGISTRY})
GOOD = {"at_seconds": 1.0, "fault": "a SIGKILL", "target": "worker-1", "for_seconds": 2.0}


def written(folder: Path, told: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return path


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10), workers=st.integers(3, 9))
def test_at_no_time_more_are_struck_than_a_stack_must_stand(seed: int, count: int, workers: int) -> None:
    targets = FaultCandidates({f"worker-{number}": ON_WORKERS for number in range(workers)}, TARGETS.control_plane)
    drawn = draw(seed, count, targets)
    drawn.must_fit_fault_budget(targets)
    for number, planned in enumerate(drawn.faults):
        earlier = targets.faulty(drawn.faults[:number], planned.at_seconds)
        assert planned.target not in earlier, "nobody is struck before it is sound again"
        faulty = {*earlier, planned.target}
        assert len(faulty & set(targets.workers)) <= tolerated(workers)
        assert len(faulty & set(targets.control_plane)) <= 1
    assert drawn.faults[-1].at_seconds <= LATEST_SECONDS


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10))
def test_the_same_seed_draws_the_same_plan_and_a_file_holds_all_of_it(seed: int, count: int, tmp_path_factory: Any) -> None:
    drawn = draw(seed, count, TARGETS)
    assert draw(seed, count, TARGETS) == drawn
    assert load(written(tmp_path_factory.mktemp("plan"), drawn.text())) == drawn
    assert len(drawn.faults) == count


def test_blows_for_which_no_time_is_left_are_left_out() -> None:
    few = FaultCandidates({f"worker-{number}": ["a SIGKILL"] for number in range(3)})
    drawn = [draw(seed, 10, few).faults for seed in range(30)]
    assert min(map(len, drawn)) < 10
    assert all(faults[-1].at_seconds <= LATEST_SECONDS for faults in drawn)


def test_another_seed_draws_another_plan() -> None:
    assert len({draw(seed, 3, TARGETS) for seed in range(20)}) == 20


def test_only_what_can_strike_a_target_strikes_it() -> None:
    able = {"worker-1": ["a SIGKILL"], "worker-2": ["a process pause"], "worker-3": ["a container pause"]}
    control_plane = {"registry": ["a lock on the database"]}
    faults = [planned for seed in range(30) for planned in draw(seed, 5, FaultCandidates(able, control_plane)).faults]
    assert {(planned.target, planned.fault) for planned in faults} == {(name, words[0]) for name, words in (able | control_plane).items()}


def test_everything_that_may_be_drawn_is_drawn_and_no_kind_crowds_out_the_others() -> None:
    faults = [planned for seed in range(400) for planned in draw(seed, 5, TARGETS).faults]
    assert {planned.fault for planned in faults} == {*ON_WORKERS, *ON_THE_REGISTRY}
    of_packets = sum("packets" in FAULTS[planned.fault]().requires for planned in faults)
    assert of_packets < 0.6 * len(faults), "most rows are of packets, and only some of the kinds"


def test_of_two_workers_none_may_be_faulty() -> None:
    with pytest.raises(UsageError, match="expected: 3 workers or more"):
        draw(1, 1, FaultCandidates({"worker-1": ["a SIGKILL"], "worker-2": ["a SIGKILL"]}))


@pytest.mark.parametrize("count", [0, 11])
def test_a_number_of_faults_beyond_the_limits_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"random_faults={count}: expected a whole number, 1 to 10"):
        draw(1, count, TARGETS)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("{", "expected a JSON file"),
        ([], r"plan=\[\]: expected an object with faults, seed"),
        ({"seed": 1}, r"plan=\['seed'\]: expected an object with faults, seed"),
        ({"seed": "one", "faults": [GOOD]}, "seed='one': expected a whole number"),
        ({"seed": 1, "faults": []}, r"faults=\[\]: expected a list of 1 to 10 faults"),
        ({"seed": 1, "faults": [GOOD | {"more": 1}]}, r"faults\[0\]=.*: expected an object with at_seconds, fault, for_seconds, target"),
        ({"seed": 1, "faults": [GOOD, GOOD | {"fault": "a kil"}]}, r"faults\[1\].fault='a kil': expected one of a SIGKILL, a SIGTERM"),
        ({"seed": 1, "faults": [GOOD | {"fault": "a kil"}]}, r"an? .*\(there is no such fault\)"),
        ({"seed": 1, "faults": [GOOD | {"fault": "connection exhaustion"}]}, r"expected one of .*\(a node without a cap of connections"),
        ({"seed": 1, "faults": [GOOD | {"fault": ["a SIGKILL"]}]}, r"faults\[0\].fault=\['a SIGKILL'\]: expected one of"),
        ({"seed": 1, "faults": [GOOD | {"at_seconds": -1}]}, r"faults\[0\].at_seconds=-1: expected seconds, 0 to 45"),
        ({"seed": 1, "faults": [GOOD | {"for_seconds": True}]}, r"faults\[0\].for_seconds=True: expected seconds, 0 to 10"),
        ({"seed": 1, "faults": [GOOD | {"target": 3}]}, r"faults\[0\].target=3: expected the name of a worker or a node"),
    ],
)
def test_a_bad_file_is_refused_with_its_key_its_value_and_the_accepted_form(tmp_path: Path, told: Any, words: str) -> None:
    path = written(tmp_path, told)
    with pytest.raises(UsageError, match=words) as refusal:
        load(path)
    assert f"plan={path}" in str(refusal.value)


def test_a_plan_that_strikes_too_many_at_once_is_refused() -> None:
    faults = tuple(PlannedFault(1.0, "a SIGKILL", f"worker-{number}", 2.0) for number in (1, 2, 3))
    with pytest.raises(UsageError, match=r"at most 2 of 5 workers are faulty; then worker-1, worker-2, worker-3 would be"):
        FaultPlan(1, faults).must_fit_fault_budget(TARGETS)
    FaultPlan(1, (*faults[:2], PlannedFault(1.0, "a process pause", "registry", 2.0))).must_fit_fault_budget(TARGETS)
    both = FaultCandidates(WORKERS, {"registry": ["a SIGKILL"], "registry-2": ["a SIGKILL"]})
    faults = tuple(PlannedFault(at, "a SIGKILL", name, 2.0) for at, name in ((1.0, "registry"), (2.0, "registry-2")))
    with pytest.raises(
        UsageError, match=r"faults\[1\].at_seconds=2.0: .* at most 1 of 2 supports are faulty; then registry, registry-2 would be"
    ):
        FaultPlan(1, faults).must_fit_fault_budget(both)


def test_a_replayed_plan_must_fit_the_targets_and_the_platform(tmp_path: Path) -> None:
    stranger = PlanSource(file=written(tmp_path, {"seed": 1, "faults": [GOOD | {"target": "worker-9"}]}))
    with pytest.raises(UsageError, match=r"faults\[0\].target='worker-9': expected one of registry, worker-1"):
        stranger.plan(TARGETS)
    powerless = PlanSource(file=written(tmp_path, {"seed": 1, "faults": [GOOD | {"fault": "a container pause"}]}))
    with pytest.raises(
        UsageError, match=r"faults\[0\].fault='a container pause': expected what can strike worker-1 on this platform: a SIGKILL\.$"
    ):
        powerless.plan(FaultCandidates({name: ["a SIGKILL"] for name in WORKERS}))
    not_for_it = PlanSource(file=written(tmp_path, {"seed": 1, "faults": [GOOD | {"target": "registry", "fault": "a gray failure"}]}))
    with pytest.raises(UsageError, match=r"faults\[0\].fault='a gray failure': expected what can strike registry"):
        not_for_it.plan(TARGETS)


def test_a_plan_of_before_the_registry_could_be_struck_is_still_taken(tmp_path: Path) -> None:
    faults = [GOOD | {"fault": fault} for fault in ("a SIGKILL", "a SIGTERM", "a process pause", "a container pause")]
    assert len(load(written(tmp_path, {"seed": 7, "faults": faults})).faults) == 4
