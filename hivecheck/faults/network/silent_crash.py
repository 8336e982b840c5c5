"""A node vanishes and nobody hears of it: its connections are half open, because neither FIN nor RST of its end ever arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.network.packets import CHANGES, PacketFault
from hivecheck.faults.process.signals import SignalFault, kill
from hivecheck.waiting import eventually

CUT_SECONDS = 3.0  # until a packet was dropped: its first one is sent by the agent itself


@dataclass
class SilentCrash:
    """It is cut off from all nodes first, both ways; only when packets were seen to be dropped it is killed."""

    act: str = "vanished"
    description: str = "A node ends and nobody hears of it: neither FIN nor RST of its end arrives, so its connections are half open."
    requires: frozenset[str] = frozenset({"packets", "kill", "restart"})
    _cut: PacketFault = field(default_factory=lambda: PacketFault(*CHANGES["a partition from"]))
    _end: SignalFault = field(default_factory=kill)
    _silence: str = ""

    def inject(self, fault_target: FaultTarget) -> None:
        self._cut.inject(fault_target)
        self._silence = eventually(lambda: self._cut.effect(fault_target), within=CUT_SECONDS, what=f"{fault_target.name} cut off") or ""
        self._end.inject(fault_target)

    def effect(self, fault_target: FaultTarget) -> str | None:
        """Both: that it ended, and that nothing of it could be heard then."""
        ended = self._end.effect(fault_target)
        return f"{self._silence}; then {ended}" if ended and self._silence else None

    def remove(self, fault_target: FaultTarget) -> None:
        self._cut.remove(fault_target)
        self._end.remove(fault_target)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return self._cut.remaining(fault_target) or self._end.remaining(fault_target)

    def stats(self) -> dict[str, Any]:
        return self._cut.stats()
