"""Workers that could not be reached a moment ago: they get work only when nobody else is left.

A preference, raised by one failure. To send nothing at all, after several, is the breaker's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from services.wire import ServiceEntry

SUSPICION_SECONDS = 2.0


@dataclass
class PassiveHealth:
    """Remembers transport failures per worker and incarnation."""

    clock: Callable[[], float] = time.monotonic
    seconds: float = SUSPICION_SECONDS
    _until: dict[str, tuple[int, float]] = field(default_factory=dict)

    def raise_against(self, worker: ServiceEntry) -> None:
        self._until[worker.id] = worker.epoch, self.clock() + self.seconds

    def clear(self, worker: ServiceEntry) -> None:
        self._until.pop(worker.id, None)

    def among(self, workers: Collection[ServiceEntry]) -> frozenset[str]:
        """The ids of `workers` that are suspect now. A newer epoch is a restarted worker: the old failure says nothing of it."""
        if not self._until:
            return frozenset()
        now = self.clock()
        self._until = {worker_id: entry for worker_id, entry in self._until.items() if entry[1] > now}
        return frozenset(worker.id for worker in workers if self._holds(worker))

    def _holds(self, worker: ServiceEntry) -> bool:
        suspected = self._until.get(worker.id)
        return suspected is not None and worker.epoch <= suspected[0]
