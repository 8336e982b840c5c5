"""A node is off the stack's network, established connections included, and comes back under its name."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget


@dataclass
class NetworkDisconnect:
    """Its published port answers no more, either: unlike a partition it shuts out the harness, too."""

    act: str = "disconnected"
    description: str = "A node is off the stack's network, established connections included, and comes back under its name."
    requires: frozenset[str] = frozenset({"network"})

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.engine.disconnect()

    def effect(self, fault_target: FaultTarget) -> str | None:
        return None if fault_target.engine.is_connected() else f"{fault_target.name} has no address on the stack's network"

    def remove(self, fault_target: FaultTarget) -> None:
        if not fault_target.engine.is_connected():
            fault_target.engine.connect()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None if fault_target.engine.is_connected() else f"{fault_target.name} is still off the stack's network"
