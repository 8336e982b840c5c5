"""A node crashes without a FIN or RST to its peers: its connections are half-open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.faults.network.packets import CHANGES, PacketFault
from hivecheck.faults.process.signals import SignalFault, sigkill
from hivecheck.waiting import eventually

PARTITION_SECONDS = 3.0  # until the first dropped packet, which the netagent itself sends


@dataclass
class SilentCrash:
    """Partitions the node from all other nodes first. The SIGKILL follows when dropped packets were counted."""

    act: str = "crashed silently"
    description: str = "A node crashes without a FIN or RST to its peers, so that their connections are half-open."
    requires: frozenset[str] = frozenset({"packets", "kill", "restart"})
    eligible_for: frozenset[Kind] = frozenset({Kind.OWN_NODE, Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "hive-1"
    _partition: PacketFault = field(default_factory=lambda: PacketFault(*CHANGES["a partition from"]))
    _kill: SignalFault = field(default_factory=sigkill)
    _silence: str = ""

    def inject(self, fault_target: FaultTarget) -> None:
        self._partition.inject(fault_target)
        what = f"{fault_target.name} is partitioned"
        self._silence = eventually(lambda: self._partition.effect(fault_target), within=PARTITION_SECONDS, what=what) or ""
        self._kill.inject(fault_target)

    def effect(self, fault_target: FaultTarget) -> str | None:
        """Both facts: the node exited, and its packets were dropped at that time."""
        exited = self._kill.effect(fault_target)
        return f"{self._silence}; then {exited}" if exited and self._silence else None

    def remove(self, fault_target: FaultTarget) -> None:
        self._partition.remove(fault_target)
        self._kill.remove(fault_target)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return self._partition.remaining(fault_target) or self._kill.remaining(fault_target)

    def stats(self) -> dict[str, Any]:
        return self._partition.stats()
