"""Which faults strike whom, when and for how long: drawn from a seed, or read from a file. Pure but for reading that file."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hivecheck.errors import UsageError
from hivecheck.faults import FAULTS

# Faults that strike a single worker and bite whatever it does; the others want a victim that is busy, a link, or a file.
ANYWHERE = ("a kill", "a termination", "a wedge", "a freeze")
MOST_BLOWS = 10
LATEST_SECONDS = 60.0  # the steady load under which they strike goes on for no longer
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 3.0  # of one fault
LEAST_GAP_SECONDS, MOST_GAP_SECONDS = 0.3, 1.5  # from one blow to the next
RECOVERY_SECONDS = 3.0  # from the end of a fault until its worker counts as one of the sound again


@dataclass(frozen=True)
class Blow:
    """One fault on one worker: `at_seconds` after the first moment of the plan, healed `for_seconds` later."""

    at_seconds: float
    fault: str
    target: str
    for_seconds: float

    @property
    def over_at(self) -> float:
        return self.at_seconds + self.for_seconds


@dataclass(frozen=True)
class FaultPlan:
    """Blows in the order of their times. `seed` is what it was drawn from."""

    seed: int
    blows: tuple[Blow, ...]

    def text(self) -> str:
        """As it lies in a file."""
        return json.dumps({"seed": self.seed, "blows": [asdict(blow) for blow in self.blows]}, indent=2) + "\n"

    def must_be_tolerable(self, workers: Sequence[str]) -> None:
        """Raise UsageError for a blow at nobody, or when more workers would be faulty at once than a stack must stand."""
        most = tolerated(len(workers))
        for number, blow in enumerate(self.blows):
            if blow.target not in workers:
                raise _refusal(f"blows[{number}].target", blow.target, f"one of {', '.join(workers)}")
            struck = {other.target for other in self.blows if other.at_seconds <= blow.at_seconds < other.over_at}
            if len(struck) > most:
                wanted = f"a time at which at most {most} of {len(workers)} workers are faulty"
                raise _refusal(f"blows[{number}].at_seconds", blow.at_seconds, f"{wanted}; then {', '.join(sorted(struck))} would be")


@dataclass(frozen=True)
class Drawing:
    """How a run comes to its plan: from this file, or so many blows drawn from the seed."""

    seed: int = 1
    count: int = 3
    file: Path | None = None

    def plan(self, faults_by_worker: Mapping[str, Sequence[str]]) -> FaultPlan:
        """The plan for these workers, each with the faults that can strike it here. Raises UsageError when there is none."""
        found = load(self.file) if self.file else draw(self.seed, self.count, faults_by_worker)
        found.must_be_tolerable(sorted(faults_by_worker))
        for number, blow in enumerate(found.blows):
            if blow.fault not in faults_by_worker[blow.target]:
                possible = ", ".join(faults_by_worker[blow.target])
                raise _refusal(f"blows[{number}].fault", blow.fault, f"what can strike {blow.target} on this platform: {possible}")
        return found


def tolerated(workers: int) -> int:
    """How many of so many workers may be faulty at once, so that clients must not notice."""
    return (workers - 1) // 2


def draw(seed: int, count: int, faults_by_worker: Mapping[str, Sequence[str]]) -> FaultPlan:
    """A plan of `count` blows within the tolerance. The same arguments give the same plan."""
    must_be_so_many(count)
    chance = random.Random(f"{seed} plan")
    most = tolerated(len(faults_by_worker))
    if most < 1:
        raise UsageError(f"wanted: 3 workers or more to strike at random\ngot: {sorted(faults_by_worker)}; of these none may be faulty")
    blows: list[Blow] = []
    at = 0.0
    for _ in range(count):
        at += chance.uniform(LEAST_GAP_SECONDS, MOST_GAP_SECONDS)
        while len(faulty := _faulty(blows, at)) >= most:
            at = min(faulty.values())
        target = chance.choice(sorted(set(faults_by_worker) - set(faulty)))
        fault = chance.choice(sorted(faults_by_worker[target]))
        blows.append(Blow(round(at, 2), fault, target, round(chance.uniform(SHORTEST_SECONDS, LONGEST_SECONDS), 2)))
    return FaultPlan(seed, tuple(blows))


def must_be_so_many(count: int) -> None:
    if not 1 <= count <= MOST_BLOWS:
        raise UsageError(f"random_faults={count}: expected a whole number, 1 to {MOST_BLOWS}.")


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
    _must_have_keys("plan", told, {"seed", "blows"})
    if not isinstance(told["seed"], int) or isinstance(told["seed"], bool):
        raise _refusal("seed", told["seed"], "a whole number")
    if not isinstance(told["blows"], list) or not 1 <= len(told["blows"]) <= MOST_BLOWS:
        raise _refusal("blows", told["blows"], f"a list of 1 to {MOST_BLOWS} blows")
    blows = [_parse_blow(f"blows[{number}]", blow) for number, blow in enumerate(told["blows"])]
    return FaultPlan(told["seed"], tuple(sorted(blows, key=lambda blow: blow.at_seconds)))


def _parse_blow(where: str, told: Any) -> Blow:
    _must_have_keys(where, told, {"at_seconds", "fault", "target", "for_seconds"})
    for key, most in (("at_seconds", LATEST_SECONDS / 2), ("for_seconds", LATEST_SECONDS / 6)):
        value = told[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not 0 <= value <= most:
            raise _refusal(f"{where}.{key}", value, f"seconds, 0 to {most:g}")
    if told["fault"] not in ANYWHERE:
        raise _refusal(f"{where}.fault", told["fault"], f"one of {', '.join(ANYWHERE)}")
    if not isinstance(told["target"], str):
        raise _refusal(f"{where}.target", told["target"], "a worker's id")
    return Blow(float(told["at_seconds"]), told["fault"], told["target"], float(told["for_seconds"]))


def _must_have_keys(where: str, told: Any, keys: set[str]) -> None:
    if not isinstance(told, dict) or set(told) != keys:
        raise _refusal(where, told if not isinstance(told, dict) else sorted(told), f"an object with {', '.join(sorted(keys))}")


def _refusal(key: str, value: object, accepted: str) -> UsageError:
    return UsageError(f"{key}={value!r}: expected {accepted}.")


def _faulty(blows: Sequence[Blow], at: float) -> dict[str, float]:
    """Who is not sound at that time, or has only just been healed, and when each of them counts as sound again."""
    return {blow.target: blow.over_at + RECOVERY_SECONDS for blow in blows if blow.over_at + RECOVERY_SECONDS > at}


def possible(powers: frozenset[str]) -> list[str]:
    """The faults that can strike a worker whose placement has these powers."""
    return [words for words in ANYWHERE if FAULTS[words]().needs <= powers]
