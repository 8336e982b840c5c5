"""A whole node stands still, by the engine's freezer: every process of it, and nobody inside can tell."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget


@dataclass
class ContainerPause:
    """Connections stay open, the kernel still accepts new ones, and nothing answers."""

    act: str = "frozen"
    description: str = "A whole node stands still, by the engine's freezer: every process of it, and nobody inside can tell."
    requires: frozenset[str] = frozenset({"container_pause"})

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.engine.freeze()

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"the engine has {fault_target.name} paused" if fault_target.engine.is_frozen() else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.engine.is_frozen():
            fault_target.engine.thaw()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"the engine still has {fault_target.name} paused" if fault_target.engine.is_frozen() else None
