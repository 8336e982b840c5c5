"""SIGSTOP to one process: it answers nothing, and its connections stay open."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget, Kind


@dataclass
class ProcessPause:
    """Pauses the service's own process of a node, or a worker's. The other processes of the node run on."""

    act: str = "paused"
    description: str = "One process is paused (SIGSTOP): it answers nothing, and its connections stay open."
    requires: frozenset[str] = frozenset({"pause"})
    eligible_for: frozenset[Kind] = frozenset({Kind.WORKER, Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "worker-1"

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.node.signal(signal.SIGSTOP, fault_target.pid)

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"process {fault_target.pid} is in state T" if fault_target.state() == "T" else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.state() is not None:  # in any state: the SIGSTOP may not have arrived yet
            fault_target.node.signal(signal.SIGCONT, fault_target.pid)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"process {fault_target.pid} is still in state T" if fault_target.state() == "T" else None
