"""A node gets next to no processor time: a twentieth of a core, however idle the machine is."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget

PERIODS = 3  # of the kernel's, in which it was held back: one may be left over from its limit before


@dataclass
class CpuThrottling:
    """Proven by the kernel's own count of the periods in which it held the node back; a node that wants nothing is not starved."""

    cores: float = 0.05  # less than what a crowded machine leaves to anybody: else the crowd starves it, and not the limit
    act: str = "starved"
    description: str = "A node gets a twentieth of a core, however idle the machine is."
    requires: frozenset[str] = frozenset({"cpu"})
    _before: int = 0

    def inject(self, fault_target: FaultTarget) -> None:
        self._before = fault_target.engine.throttled_periods()
        fault_target.engine.limit_cpu(self.cores)

    def effect(self, fault_target: FaultTarget) -> str | None:
        periods = fault_target.engine.throttled_periods() - self._before
        return f"held back by the kernel in {periods} periods" if periods >= PERIODS else None

    def remove(self, fault_target: FaultTarget) -> None:
        fault_target.engine.restore_cpu()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"{fault_target.name} is still held to a share of a core" if fault_target.engine.is_cpu_limited() else None
