"""Passive health: ejects an unreachable worker from balancing for some seconds after a single transport failure.

An ejected worker gets requests only if every candidate is ejected. The breaker blocks a worker completely, after several failures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from services.wire import ServiceEntry

EJECTION_SECONDS = 2.0


@dataclass
class PassiveHealth:
    """The ejected workers, each with its epoch and the end of its ejection."""

    clock: Callable[[], float] = time.monotonic
    seconds: float = EJECTION_SECONDS
    _until: dict[str, tuple[int, float]] = field(default_factory=dict)

    def eject(self, worker: ServiceEntry) -> None:
        """Eject a worker that was unreachable."""
        self._until[worker.id] = worker.epoch, self.clock() + self.seconds

    def readmit(self, worker: ServiceEntry) -> None:
        """End the ejection of a worker that answered."""
        self._until.pop(worker.id, None)

    def readmit_all(self) -> None:
        """End every ejection."""
        self._until.clear()

    def ejected(self, workers: Collection[ServiceEntry]) -> frozenset[str]:
        """The ids of the `workers` that are ejected now. A failure of an older epoch does not count for a restarted worker."""
        if not self._until:
            return frozenset()
        now = self.clock()
        self._until = {worker_id: entry for worker_id, entry in self._until.items() if entry[1] > now}
        return frozenset(worker.id for worker in workers if self._is_ejected(worker))

    def _is_ejected(self, worker: ServiceEntry) -> bool:
        entry = self._until.get(worker.id)
        # A restarted worker has a greater epoch.
        return entry is not None and worker.epoch <= entry[0]
