"""The engine takes a node off the stack's network, with all its connections. The node returns under its name."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget, Kind


@dataclass
class NetworkDisconnect:
    """The node's published port is closed, too: unlike a partition, the fault also shuts out the harness."""

    act: str = "disconnected"
    description: str = "The engine takes a node off the stack's network, with all its connections; the harness loses it, too."
    requires: frozenset[str] = frozenset({"network"})
    eligible_for: frozenset[Kind] = frozenset({Kind.OWN_NODE, Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "hive-1"

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.engine.disconnect()

    def effect(self, fault_target: FaultTarget) -> str | None:
        return None if fault_target.engine.is_connected() else f"{fault_target.name} has no address on the stack's network"

    def remove(self, fault_target: FaultTarget) -> None:
        if not fault_target.engine.is_connected():
            fault_target.engine.connect()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None if fault_target.engine.is_connected() else f"{fault_target.name} is still off the stack's network"
