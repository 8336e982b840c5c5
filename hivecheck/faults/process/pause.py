"""One process stands still (SIGSTOP): it answers nothing, and its connections stay open."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget


@dataclass
class ProcessPause:
    """Strikes the service's own process of a node, or a worker's; what is around it runs on."""

    act: str = "paused"
    description: str = "One process stands still (SIGSTOP): it answers nothing, and its connections stay open."
    requires: frozenset[str] = frozenset({"pause"})

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.node.signal(signal.SIGSTOP, fault_target.pid)

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"process {fault_target.pid} is in state T" if fault_target.state() == "T" else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.state() is not None:  # also one that is not seen as stopped yet: the stop may still be on its way
            fault_target.node.signal(signal.SIGCONT, fault_target.pid)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"process {fault_target.pid} is still in state T" if fault_target.state() == "T" else None
