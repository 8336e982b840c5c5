"""Which faults strike whom, when and for how long: drawn from a seed, or read from a file. Pure but for reading that file."""

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
from hivecheck.faults.planning.fault_budget import FaultCandidates, PlannedFault, tolerated

MOST_FAULTS = 10
LATEST_SECONDS = 45.0  # of a blow: the steady load under which it falls ends at 60 s, and wants to be seen going on
LONGEST_TOLD_SECONDS = 10.0  # of one fault in a file
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 3.0  # of one fault
LEAST_GAP_SECONDS, MOST_GAP_SECONDS = 0.3, 1.5  # from one blow to the next


@dataclass(frozen=True)
class FaultPlan:
    """Blows in the order of their times. `seed` is what it was drawn from."""

    seed: int
    faults: tuple[PlannedFault, ...]

    def text(self) -> str:
        """As it lies in a file."""
        return json.dumps({"seed": self.seed, "faults": [asdict(planned) for planned in self.faults]}, indent=2) + "\n"

    def must_fit_fault_budget(self, targets: FaultCandidates) -> None:
        """Raise UsageError for a blow at nobody, or when more would be faulty at once than a stack must stand."""
        for number, planned in enumerate(self.faults):
            if planned.target not in targets.names():
                raise _refusal(f"faults[{number}].target", planned.target, f"one of {', '.join(targets.names())}")
            injected, most, of = (
                targets.active_with(planned, self.faults),
                targets.tolerated(planned.target),
                targets.of_its_kind(planned.target),
            )
            if len(injected) > most:
                kind = "supports" if of is targets.control_plane else "workers"
                expected = f"a time at which at most {most} of {len(of)} {kind} are faulty"
                raise _refusal(f"faults[{number}].at_seconds", planned.at_seconds, f"{expected}; then {', '.join(injected)} would be")


@dataclass(frozen=True)
class PlanSource:
    """How a run comes to its plan: from this file, or so many blows drawn from the seed."""

    seed: int = 1
    count: int = 3
    file: Path | None = None

    def plan(self, targets: FaultCandidates) -> FaultPlan:
        """The plan for those who can be struck here. Raises UsageError when there is none."""
        found = load(self.file) if self.file else draw(self.seed, self.count, targets)
        found.must_fit_fault_budget(targets)
        for number, planned in enumerate(found.faults):
            if planned.fault not in targets.faults_of(planned.target):
                possible = ", ".join(targets.faults_of(planned.target))
                raise _refusal(f"faults[{number}].fault", planned.fault, f"what can strike {planned.target} on this platform: {possible}")
        return found


def draw(seed: int, count: int, targets: FaultCandidates) -> FaultPlan:
    """A plan of `count` blows within the tolerance, less those for which no time is left. The same arguments give the same plan."""
    must_be_so_many(count)
    chance = random.Random(f"{seed} plan")
    if tolerated(len(targets.workers)) < 1:
        raise UsageError(f"expected: 3 workers or more to strike at random\nactual: {sorted(targets.workers)}; of these none may be faulty")
    faults: list[PlannedFault] = []
    at = 0.0
    for _ in range(count):
        target = chance.choice(targets.names())
        at = targets.room_at(target, faults, at + chance.uniform(LEAST_GAP_SECONDS, MOST_GAP_SECONDS))
        at = math.ceil(100 * at) / 100
        if at > LATEST_SECONDS:
            break
        lasts = round(chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS), 2)
        faults.append(PlannedFault(at, _choose(chance, targets.faults_of(target)), target, lasts))
    return FaultPlan(seed, tuple(faults))


def _choose(chance: random.Random, faults: Sequence[str]) -> str:
    """First what is done to the victim, then by which fault: many that differ in little are not to crowd out the others."""
    deeds = {words: FAULTS[words]().act for words in sorted(faults)}
    deed = chance.choice(sorted(set(deeds.values())))
    return chance.choice([words for words in deeds if deeds[words] == deed])


def must_be_so_many(count: int) -> None:
    if not 1 <= count <= MOST_FAULTS:
        raise UsageError(f"random_faults={count}: expected a whole number, 1 to {MOST_FAULTS}.")


def load(path: Path) -> FaultPlan:
    """The plan in a file. Raises UsageError that names the key, its value and the accepted form."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"plan={path}: expected a JSON file as a run with random faults leaves it ({error}).") from None
    try:
        return _parse(told)
    except UsageError as error:
        raise UsageError(f"plan={path}: {error}") from None


def _parse(told: Any) -> FaultPlan:
    _must_have_keys("plan", told, {"seed", "faults"})
    if not isinstance(told["seed"], int) or isinstance(told["seed"], bool):
        raise _refusal("seed", told["seed"], "a whole number")
    if not isinstance(told["faults"], list) or not 1 <= len(told["faults"]) <= MOST_FAULTS:
        raise _refusal("faults", told["faults"], f"a list of 1 to {MOST_FAULTS} faults")
    faults = [_parse_fault(f"faults[{number}]", planned) for number, planned in enumerate(told["faults"])]
    return FaultPlan(told["seed"], tuple(sorted(faults, key=lambda planned: planned.at_seconds)))


def _parse_fault(where: str, told: Any) -> PlannedFault:
    _must_have_keys(where, told, {"at_seconds", "fault", "target", "for_seconds"})
    for key, most in (("at_seconds", LATEST_SECONDS), ("for_seconds", LONGEST_TOLD_SECONDS)):
        value = told[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= most:
            raise _refusal(f"{where}.{key}", value, f"seconds, 0 to {most:g}")
    if str(told["fault"]) not in ELIGIBLE:
        why_not = EXCLUDED.get(str(told["fault"]), "there is no such fault")
        raise _refusal(f"{where}.fault", told["fault"], f"one of {', '.join(ELIGIBLE)} ({why_not})")
    if not isinstance(told["target"], str):
        raise _refusal(f"{where}.target", told["target"], "the name of a worker or a node")
    return PlannedFault(float(told["at_seconds"]), told["fault"], told["target"], float(told["for_seconds"]))


def _must_have_keys(where: str, told: Any, keys: set[str]) -> None:
    if not isinstance(told, dict) or set(told) != keys:
        raise _refusal(where, told if not isinstance(told, dict) else sorted(told), f"an object with {', '.join(sorted(keys))}")


def _refusal(key: str, value: object, accepted: str) -> UsageError:
    return UsageError(f"{key}={value!r}: expected {accepted}.")
