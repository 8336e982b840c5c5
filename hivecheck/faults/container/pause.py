"""The engine pauses every process of a node at once."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget, Kind


@dataclass
class ContainerPause:
    """Connections stay open, the kernel still accepts new ones, and the node answers nothing."""

    act: str = "paused as a container"
    description: str = "The engine pauses every process of a node; connections stay open, and the node answers nothing."
    requires: frozenset[str] = frozenset({"container_pause"})
    eligible_for: frozenset[Kind] = frozenset({Kind.OWN_NODE, Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "hive-1"

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.engine.pause_container()

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"the engine reports {fault_target.name} as paused" if fault_target.engine.is_container_paused() else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.engine.is_container_paused():
            fault_target.engine.resume_container()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"the engine still reports {fault_target.name} as paused" if fault_target.engine.is_container_paused() else None
