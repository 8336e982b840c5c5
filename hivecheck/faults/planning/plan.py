"""A fault plan: which fault is injected into which target, when and for how long. Drawn from a seed or read from a JSON file."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hivecheck.errors import UsageError
from hivecheck.faults import FAULTS
from hivecheck.faults.planning.eligibility import ELIGIBLE, EXCLUDED
from hivecheck.faults.planning.fault_budget import FaultCandidates, PlannedFault, worker_budget
from hivecheck.wording import agreeing, listed

FORMAT = 2  # of plan files. Files without a number come from releases before it, with other keys and other names of faults
FORM = '{"format": 2, "seed": 7, "faults": [{"at_seconds": 1.5, "fault": "a SIGKILL", "target": "worker-1", "for_seconds": 2}]}'
MOST_FAULTS = 10
LATEST_SECONDS = 45.0  # of an injection: the steady load ends at 60 s, and the recovery must fall under it
LONGEST_PLANNED_SECONDS = 10.0  # of one fault in a file
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 3.0  # of one random fault
LEAST_GAP_SECONDS, MOST_GAP_SECONDS = 0.3, 1.5  # from one injection to the next


@dataclass(frozen=True)
class FaultPlan:
    """Planned faults in the order of their times. `seed` is the seed of the draw."""

    seed: int
    faults: tuple[PlannedFault, ...]

    def text(self) -> str:
        """The content of a plan file."""
        return json.dumps({"format": FORMAT, "seed": self.seed, "faults": [asdict(planned) for planned in self.faults]}, indent=2) + "\n"

    def must_fit_fault_budget(self, targets: FaultCandidates) -> None:
        """Raise UsageError for an unknown target, or when more targets would be faulty at once than the budget allows."""
        for number, planned in enumerate(self.faults):
            if planned.target not in targets.names():
                raise _refusal(f"faults[{number}].target", planned.target, f"one of {', '.join(targets.names())}")
            faulty, most, kind = (
                targets.active_with(planned, self.faults),
                targets.worker_budget(planned.target),
                targets.of_its_kind(planned.target),
            )
            if len(faulty) > most:
                noun = "control plane nodes" if kind is targets.control_plane else "workers"
                expected = f"a time at which at most {most} of {len(kind)} {noun} {agreeing(most, 'is', 'are')} faulty"
                raise _refusal(f"faults[{number}].at_seconds", planned.at_seconds, f"{expected}; then {', '.join(faulty)} would be")


@dataclass(frozen=True)
class PlanSource:
    """Where the plan of a run comes from: this file, or a draw of `count` faults from the seed."""

    seed: int = 1
    count: int = 3
    file: Path | None = None

    def plan(self, targets: FaultCandidates) -> FaultPlan:
        """The plan for the targets of a stack. Raises UsageError when there is none."""
        found = load(self.file) if self.file else draw(self.seed, self.count, targets)
        found.must_fit_fault_budget(targets)
        for number, planned in enumerate(found.faults):
            if planned.fault not in targets.faults_of(planned.target):
                possible = ", ".join(targets.faults_of(planned.target))
                accepted = f"a fault that is possible on {planned.target} on this platform: {possible}"
                raise _refusal(f"faults[{number}].fault", planned.fault, accepted)
        return found


def draw(seed: int, count: int, targets: FaultCandidates) -> FaultPlan:
    """A plan of `count` faults within the budget, or of fewer when the time ends. The same arguments give the same plan."""
    must_be_within_limits(count)
    rng = random.Random(f"{seed} plan")
    if worker_budget(len(targets.workers)) < 1:
        raise UsageError(
            f"expected: 3 workers or more for random faults\nactual: {listed(sorted(targets.workers))}, of which none may be faulty\n"
            "next: use a topology with more workers"
        )
    faults: list[PlannedFault] = []
    at = 0.0
    for _ in range(count):
        target = rng.choice(targets.names())
        at = targets.room_at(target, faults, at + rng.uniform(LEAST_GAP_SECONDS, MOST_GAP_SECONDS))
        at = math.ceil(100 * at) / 100
        if at > LATEST_SECONDS:
            break
        lasts = round(rng.uniform(SHORTEST_SECONDS, LONGEST_SECONDS), 2)
        faults.append(PlannedFault(at, _choose(rng, targets.faults_of(target)), target, lasts))
    return FaultPlan(seed, tuple(faults))


def _choose(rng: random.Random, faults: Sequence[str]) -> str:
    """Draw the act first and then one of its faults. Else the many packet faults, which differ in little, would crowd out the others."""
    acts = {name: FAULTS[name]().act for name in sorted(faults)}
    act = rng.choice(sorted(set(acts.values())))
    return rng.choice([name for name in acts if acts[name] == act])


def must_be_within_limits(count: int) -> None:
    """Raise UsageError for a number of random faults that no scenario has the time for."""
    if not 1 <= count <= MOST_FAULTS:
        raise UsageError(f"random_faults={count}: expected a whole number, 1 to {MOST_FAULTS}.")


def load(path: Path) -> FaultPlan:
    """The plan in a file. Raises UsageError that names the key, its value and the accepted form."""
    try:
        parsed = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"fault_plan={path} does not exist; next: give the plan.json of a run's evidence folder") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"fault_plan={path}: expected a JSON file as a run with random faults leaves it ({error}).") from None
    try:
        return _parse(parsed)
    except UsageError as error:
        raise UsageError(f"fault_plan={path}: {error}") from None


def _parse(parsed: Any) -> FaultPlan:
    if isinstance(parsed, dict) and parsed.get("format") != FORMAT:
        raise _refusal("format", parsed.get("format"), f"{FORMAT}, since a plan of another release has other names: {FORM}")
    _must_have_keys("plan", parsed, {"format", "seed", "faults"})
    if not isinstance(parsed["seed"], int) or isinstance(parsed["seed"], bool):
        raise _refusal("seed", parsed["seed"], "a whole number")
    if not isinstance(parsed["faults"], list) or not 1 <= len(parsed["faults"]) <= MOST_FAULTS:
        raise _refusal("faults", parsed["faults"], f"a list of 1 to {MOST_FAULTS} faults")
    faults = [_parse_fault(f"faults[{number}]", planned) for number, planned in enumerate(parsed["faults"])]
    return FaultPlan(parsed["seed"], tuple(sorted(faults, key=lambda planned: planned.at_seconds)))


def _parse_fault(where: str, parsed: Any) -> PlannedFault:
    _must_have_keys(where, parsed, {"at_seconds", "fault", "target", "for_seconds"})
    for key, most in (("at_seconds", LATEST_SECONDS), ("for_seconds", LONGEST_PLANNED_SECONDS)):
        value = parsed[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= most:
            raise _refusal(f"{where}.{key}", value, f"seconds, 0 to {most:g}")
    if str(parsed["fault"]) not in ELIGIBLE:
        why_not = EXCLUDED.get(str(parsed["fault"]), "there is no such fault")
        raise _refusal(f"{where}.fault", parsed["fault"], f"one of {', '.join(ELIGIBLE)} ({why_not})")
    if not isinstance(parsed["target"], str):
        raise _refusal(f"{where}.target", parsed["target"], "the name of a worker or a node")
    return PlannedFault(float(parsed["at_seconds"]), parsed["fault"], parsed["target"], float(parsed["for_seconds"]))


def _must_have_keys(where: str, parsed: Any, keys: set[str]) -> None:
    if not isinstance(parsed, dict) or set(parsed) != keys:
        raise _refusal(where, parsed if not isinstance(parsed, dict) else sorted(parsed), f"an object with {', '.join(sorted(keys))}")


def _refusal(key: str, value: object, accepted: str) -> UsageError:
    return UsageError(f"{key}={json.dumps(value)}: expected {accepted}.")
