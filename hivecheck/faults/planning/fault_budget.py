"""The fault budget: how many targets may be faulty at once without an effect on clients. Pure: planned faults and times come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

RECOVERY_SECONDS = 3.0  # from the end of a fault until its target counts as sound again
MOST_CONTROL_PLANE_FAULTS = 1


@dataclass(frozen=True)
class PlannedFault:
    """One fault on one target: injected `at_seconds` after the start of the plan, removed `for_seconds` later."""

    at_seconds: float
    fault: str
    target: str
    for_seconds: float

    @property
    def over_at(self) -> float:
        return round(self.at_seconds + self.for_seconds, 2)

    @property
    def sound_at(self) -> float:
        return round(self.over_at + RECOVERY_SECONDS, 2)


@dataclass(frozen=True)
class FaultCandidates:
    """The targets of a stack, each with the faults that are possible there.

    A request needs a worker; it needs no node of the control plane. Less than half of the workers may be faulty at a time,
    and one node of the control plane. During a control plane fault the gateway may not learn that a worker has recovered.
    So a worker that is faulty or recovers meanwhile counts as faulty until the control plane has recovered.
    """

    workers: Mapping[str, Sequence[str]]
    control_plane: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def names(self) -> list[str]:
        return sorted([*self.workers, *self.control_plane])

    def faults_of(self, target: str) -> Sequence[str]:
        return self.control_plane.get(target) or self.workers[target]

    def worker_budget(self, target: str) -> int:
        """The number of targets of this kind that may be faulty at once."""
        return MOST_CONTROL_PLANE_FAULTS if target in self.control_plane else worker_budget(len(self.workers))

    def of_its_kind(self, target: str) -> Mapping[str, Sequence[str]]:
        return self.control_plane if target in self.control_plane else self.workers

    def faulty(self, faults: Sequence[PlannedFault], at: float) -> dict[str, float]:
        """The targets that are under a fault or recover from one at that time, and when each counts as sound again."""
        found: dict[str, float] = {}
        for planned in faults:
            if planned.at_seconds <= at < (sound_at := self._sound_at(planned, faults)):
                found[planned.target] = max(sound_at, found.get(planned.target, 0.0))
        return found

    def room_at(self, target: str, faults: Sequence[PlannedFault], at: float) -> float:
        """The first moment, not before `at`, at which the budget has room for a fault on `target`."""
        while True:
            faulty = {name: until for name, until in self.faulty(faults, at).items() if name in self.of_its_kind(target)}
            if target not in faulty and len(faulty) < self.worker_budget(target):
                return at
            at = faulty.get(target) or min(faulty.values())

    def active_with(self, planned: PlannedFault, faults: Sequence[PlannedFault]) -> list[str]:
        """The targets of the same kind that are under a fault at the injection of `planned`, its own target included."""
        then = {other.target for other in faults if other.at_seconds <= planned.at_seconds < other.over_at} | {planned.target}
        return sorted(then & set(self.of_its_kind(planned.target)))

    def _sound_at(self, planned: PlannedFault, faults: Sequence[PlannedFault]) -> float:
        at = planned.sound_at
        if planned.target in self.control_plane:
            return at
        for other in sorted(faults, key=lambda other: other.at_seconds):
            if other.target in self.control_plane and other.at_seconds < at and planned.at_seconds < other.sound_at:
                at = max(at, other.sound_at)
        return at


def worker_budget(workers: int) -> int:
    """The number of workers that may be faulty at once without an effect on clients."""
    return (workers - 1) // 2
