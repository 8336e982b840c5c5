"""A fault plan is the same from the same seed, fits the fault budget, and a bad file is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.errors import UsageError
from hivecheck.faults import FAULTS
from hivecheck.faults.fault import Kind
from hivecheck.faults.planning.eligibility import possible
from hivecheck.faults.planning.fault_budget import FaultCandidates, PlannedFault, worker_budget
from hivecheck.faults.planning.plan import FORM, FORMAT, LATEST_SECONDS, FaultPlan, PlanSource, draw, load

CAPABILITIES = {capability for make in FAULTS.values() for capability in make().requires}
ON_WORKERS, ON_THE_REGISTRY = possible(set(Kind) - {Kind.REGISTRY}, CAPABILITIES), possible({Kind.REGISTRY}, CAPABILITIES)
WORKERS = {f"worker-{number}": ON_WORKERS for number in range(1, 6)}
TARGETS = FaultCandidates(WORKERS, {"registry": ON_THE_REGISTRY})
GOOD = {"at_seconds": 1.0, "fault": "a SIGKILL", "target": "worker-1", "for_seconds": 2.0}


def written(folder: Path, content: Any) -> Path:
    """A plan file; a plan without a format number gets the current one."""
    path = folder / "plan.json"
    plan = {"format": FORMAT} | content if isinstance(content, dict) else content
    path.write_text(plan if isinstance(plan, str) else json.dumps(plan), encoding="utf-8")
    return path


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10), workers=st.integers(3, 9))
def test_draw_fits_budget(seed: int, count: int, workers: int) -> None:
    """A drawn plan never exceeds the fault budget."""
    targets = FaultCandidates({f"worker-{number}": ON_WORKERS for number in range(workers)}, TARGETS.control_plane)
    drawn = draw(seed, count, targets)
    drawn.must_fit_fault_budget(targets)
    for number, planned in enumerate(drawn.faults):
        earlier = targets.faulty(drawn.faults[:number], planned.at_seconds)
        assert planned.target not in earlier, "no target gets a fault before it is sound again"
        faulty = {*earlier, planned.target}
        assert len(faulty & set(targets.workers)) <= worker_budget(workers)
        assert len(faulty & set(targets.control_plane)) <= 1
    assert drawn.faults[-1].at_seconds <= LATEST_SECONDS


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 10))
def test_draw_repeats(seed: int, count: int, tmp_path_factory: Any) -> None:
    """The same seed draws the same plan, and its file holds all of it."""
    drawn = draw(seed, count, TARGETS)
    assert draw(seed, count, TARGETS) == drawn
    assert load(written(tmp_path_factory.mktemp("plan"), drawn.text())) == drawn
    assert len(drawn.faults) == count


def test_draw_ends_in_time() -> None:
    """A draw leaves out faults for which no time is left."""
    few = FaultCandidates({f"worker-{number}": ["a SIGKILL"] for number in range(3)})
    drawn = [draw(seed, 10, few).faults for seed in range(30)]
    assert min(map(len, drawn)) < 10
    assert all(faults[-1].at_seconds <= LATEST_SECONDS for faults in drawn)


def test_draw_varies() -> None:
    """Another seed draws another plan."""
    assert len({draw(seed, 3, TARGETS) for seed in range(20)}) == 20


def test_draw_respects_targets() -> None:
    """A draw gives each target only faults that are possible there."""
    able = {"worker-1": ["a SIGKILL"], "worker-2": ["a process pause"], "worker-3": ["a container pause"]}
    control_plane = {"registry": ["a lock on the database"]}
    faults = [planned for seed in range(30) for planned in draw(seed, 5, FaultCandidates(able, control_plane)).faults]
    assert {(planned.target, planned.fault) for planned in faults} == {(name, words[0]) for name, words in (able | control_plane).items()}


def test_draw_covers_all() -> None:
    """Every eligible fault is drawn, and the many packet faults leave room for the others."""
    faults = [planned for seed in range(800) for planned in draw(seed, 5, TARGETS).faults]
    assert {planned.fault for planned in faults} == {*ON_WORKERS, *ON_THE_REGISTRY}
    of_packets = sum("packets" in FAULTS[planned.fault]().requires for planned in faults)
    assert of_packets < 0.6 * len(faults), "most faults are packet faults, of few kinds"


def test_too_few_workers() -> None:
    """A draw for two workers is refused, because none of them may be faulty."""
    with pytest.raises(UsageError, match="expected: 3 workers or more"):
        draw(1, 1, FaultCandidates({"worker-1": ["a SIGKILL"], "worker-2": ["a SIGKILL"]}))


@pytest.mark.parametrize("count", [0, 11])
def test_count_limits(count: int) -> None:
    """A number of faults outside the limits is refused."""
    with pytest.raises(UsageError, match=f"random_faults={count}: expected a whole number, 1 to 10"):
        draw(1, count, TARGETS)


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        ("{", "expected a JSON file"),
        ([], r"plan=\[\]: expected an object with faults, format, seed"),
        ({"seed": 1}, r'plan=\["format", "seed"\]: expected an object with faults, format, seed'),
        ({"seed": "one", "faults": [GOOD]}, 'seed="one": expected a whole number'),
        ({"seed": 1, "faults": []}, r"faults=\[\]: expected a list of 1 to 10 faults"),
        ({"seed": 1, "faults": [GOOD | {"more": 1}]}, r"faults\[0\]=.*: expected an object with at_seconds, fault, for_seconds, target"),
        ({"seed": 1, "faults": [GOOD, GOOD | {"fault": "a kil"}]}, r'faults\[1\].fault="a kil": expected one of a SIGKILL, a SIGTERM'),
        ({"seed": 1, "faults": [GOOD | {"fault": "a kil"}]}, r"an? .*\(there is no such fault\)"),
        ({"seed": 1, "faults": [GOOD | {"fault": "connection exhaustion"}]}, r"expected one of .*\(a node without a connection limit"),
        ({"seed": 1, "faults": [GOOD | {"fault": ["a SIGKILL"]}]}, r'faults\[0\].fault=\["a SIGKILL"\]: expected one of'),
        ({"seed": 1, "faults": [GOOD | {"at_seconds": -1}]}, r"faults\[0\].at_seconds=-1: expected seconds, 0 to 45"),
        ({"seed": 1, "faults": [GOOD | {"for_seconds": True}]}, r"faults\[0\].for_seconds=true: expected seconds, 0 to 10"),
        ({"seed": 1, "faults": [GOOD | {"target": 3}]}, r"faults\[0\].target=3: expected the name of a worker or a node"),
    ],
)
def test_bad_file(tmp_path: Path, content: Any, phrase: str) -> None:
    """A bad file is refused with the key, its value and the accepted form."""
    path = written(tmp_path, content)
    with pytest.raises(UsageError, match=phrase) as refusal:
        load(path)
    assert f"plan={path}" in str(refusal.value)


def test_plan_beyond_budget() -> None:
    """A plan that exceeds the fault budget is refused."""
    faults = tuple(PlannedFault(1.0, "a SIGKILL", f"worker-{number}", 2.0) for number in (1, 2, 3))
    with pytest.raises(UsageError, match=r"at most 2 of 5 workers are faulty; then worker-1, worker-2, worker-3 would be"):
        FaultPlan(1, faults).must_fit_fault_budget(TARGETS)
    FaultPlan(1, (*faults[:2], PlannedFault(1.0, "a process pause", "registry", 2.0))).must_fit_fault_budget(TARGETS)
    both = FaultCandidates(WORKERS, {"registry": ["a SIGKILL"], "registry-2": ["a SIGKILL"]})
    faults = tuple(PlannedFault(at, "a SIGKILL", name, 2.0) for at, name in ((1.0, "registry"), (2.0, "registry-2")))
    with pytest.raises(
        UsageError, match=r"faults\[1\].at_seconds=2.0: .* at most 1 of 2 control plane nodes is faulty; then registry, registry-2 would be"
    ):
        FaultPlan(1, faults).must_fit_fault_budget(both)


def test_replay_checks_targets(tmp_path: Path) -> None:
    """A replayed plan must fit the targets and the capabilities of the platform."""
    stranger = PlanSource(file=written(tmp_path, {"seed": 1, "faults": [GOOD | {"target": "worker-9"}]}))
    with pytest.raises(UsageError, match=r'faults\[0\].target="worker-9": expected one of registry, worker-1'):
        stranger.plan(TARGETS)
    powerless = PlanSource(file=written(tmp_path, {"seed": 1, "faults": [GOOD | {"fault": "a container pause"}]}))
    with pytest.raises(
        UsageError,
        match=r'faults\[0\].fault="a container pause": expected a fault that is possible on worker-1 on this platform: a SIGKILL\.$',
    ):
        powerless.plan(FaultCandidates({name: ["a SIGKILL"] for name in WORKERS}))
    not_for_it = PlanSource(file=written(tmp_path, {"seed": 1, "faults": [GOOD | {"target": "registry", "fault": "a gray failure"}]}))
    with pytest.raises(UsageError, match=r'faults\[0\].fault="a gray failure": expected a fault that is possible on registry'):
        not_for_it.plan(TARGETS)


def test_worker_only_plan(tmp_path: Path) -> None:
    """A plan with faults on workers only is accepted."""
    faults = [GOOD | {"fault": fault} for fault in ("a SIGKILL", "a SIGTERM", "a process pause", "a container pause")]
    assert len(load(written(tmp_path, {"seed": 7, "faults": faults})).faults) == 4


@pytest.mark.parametrize("number", [None, 1, FORMAT + 1])
def test_other_format(tmp_path: Path, number: int | None) -> None:
    """A plan of another release is refused in one sentence that shows the new form."""
    shown = "null" if number is None else number
    path = written(tmp_path, {"format": number, "seed": 7, "blows": [GOOD | {"fault": "a kill"}]})
    with pytest.raises(UsageError, match=rf"plan={path}: format={shown}: expected {FORMAT}") as refusal:
        load(path)
    assert FORM in str(refusal.value) and "\n" not in str(refusal.value)


def test_form_example(tmp_path: Path) -> None:
    """The form that a refusal shows is a plan that loads."""
    assert load(written(tmp_path, FORM)).seed == 7
