"""How much may be faulty at once, so that clients must not notice. Pure: blows and times come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RECOVERY_SECONDS = 3.0  # from the end of a fault until who was struck counts as one of the sound again
MOST_CONTROL_PLANE_FAULTS = 1


@dataclass(frozen=True)
class PlannedFault:
    """One fault on one target: `at_seconds` after the first moment of the plan, healed `for_seconds` later."""

    at_seconds: float
    fault: str
    target: str
    for_seconds: float

    @property
    def over_at(self) -> float:
        return round(self.at_seconds + self.for_seconds, 2)

    @property
    def forgotten_at(self) -> float:
        return round(self.over_at + RECOVERY_SECONDS, 2)


@dataclass(frozen=True)
class FaultCandidates:
    """Who can be struck here, each with the faults that can: workers, and supports, of which clients need none from moment to moment.

    The rule: less than half of the workers are faulty at a time, and one support. A worker whose fault or recovery meets the fault of a
    support is faulty until that one has recovered: before, nobody may hear that it is back.
    """

    workers: Mapping[str, Sequence[str]]
    control_plane: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def names(self) -> list[str]:
        return sorted([*self.workers, *self.control_plane])

    def faults_of(self, target: str) -> Sequence[str]:
        return self.control_plane.get(target) or self.workers[target]

    def tolerated(self, target: str) -> int:
        """How many of the kind of `target` may be faulty at once."""
        return MOST_CONTROL_PLANE_FAULTS if target in self.control_plane else tolerated(len(self.workers))

    def of_its_kind(self, target: str) -> Mapping[str, Sequence[str]]:
        return self.control_plane if target in self.control_plane else self.workers

    def faulty(self, faults: Sequence[PlannedFault], at: float) -> dict[str, float]:
        """Who is not sound at that time, or has only just been healed, and when each of them counts as sound again."""
        found: dict[str, float] = {}
        for planned in faults:
            if planned.at_seconds <= at < (sound_at := self._sound_at(planned, faults)):
                found[planned.target] = max(sound_at, found.get(planned.target, 0.0))
        return found

    def room_at(self, target: str, faults: Sequence[PlannedFault], at: float) -> float:
        """The first moment, not before `at` and not before any of the blows, at which `target` may be struck as well."""
        while True:
            faulty = {name: until for name, until in self.faulty(faults, at).items() if name in self.of_its_kind(target)}
            if target not in faulty and len(faulty) < self.tolerated(target):
                return at
            at = faulty.get(target) or min(faulty.values())

    def active_with(self, planned: PlannedFault, faults: Sequence[PlannedFault]) -> list[str]:
        """Those of the kind of its target that are under a fault when `blow` falls, itself included."""
        then = {other.target for other in faults if other.at_seconds <= planned.at_seconds < other.over_at} | {planned.target}
        return sorted(then & set(self.of_its_kind(planned.target)))

    def _sound_at(self, planned: PlannedFault, faults: Sequence[PlannedFault]) -> float:
        at = planned.forgotten_at
        if planned.target in self.control_plane:
            return at
        for other in sorted(faults, key=lambda other: other.at_seconds):
            if other.target in self.control_plane and other.at_seconds < at and planned.at_seconds < other.forgotten_at:
                at = max(at, other.forgotten_at)
        return at


def tolerated(workers: int) -> int:
    """How many of so many workers may be faulty at once, so that clients must not notice."""
    return (workers - 1) // 2
