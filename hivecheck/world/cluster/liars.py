"""Workers that can be made to lie: they take orders at an admin listener of their own."""

from __future__ import annotations

from dataclasses import dataclass, field

from hivecheck.platforms.ports import PortReservation
from hivecheck.stack.stack import Stack
from hivecheck.world.cluster.worker_lifecycle import Restarts


@dataclass
class Liars:
    """`ports` are those of the admin listeners, kept for them until the scenario ends; `names` are the workers."""

    stack: Stack
    restarts: Restarts
    ports: list[PortReservation] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def serve(self, worker: str, model: str, hive: str) -> None:
        """Such a worker was started on a hive and is registered."""
        self.ports.append(PortReservation())
        self.stack.hives[hive].start_worker(worker, [model], ["--set", f"admin_port={self.ports[-1].port}"])
        self.restarts.await_alive(worker, hive)
        self.names.append(worker)

    def leave(self) -> None:
        """For the end of a scenario."""
        for port in self.ports:
            port.release()
