"""The kernel limits a node to a twentieth of a core, also on an idle machine."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget, Kind

PERIODS = 3  # throttled periods of the kernel; one may be left over from an earlier limit


@dataclass
class CpuThrottling:
    """Proven by the kernel's count of throttled periods. A node without work is not throttled."""

    cores: float = 0.05  # less than a busy machine leaves to a process: else other processes throttle the node, and not the limit
    act: str = "limited to a share of a core"
    description: str = "The kernel limits a node to a twentieth of a core."
    requires: frozenset[str] = frozenset({"cpu"})
    eligible_for: frozenset[Kind] = frozenset()
    # Tried: 3 requests a second, each with some 3 ms of work, caused fewer than three throttled periods in 5 s.
    excluded_because: str = "the target uses too little CPU for throttling to show reliably"
    example_target: str = "orchestrator"
    _before: int = 0

    def inject(self, fault_target: FaultTarget) -> None:
        self._before = fault_target.engine.throttled_periods()
        fault_target.engine.limit_cpu(self.cores)

    def effect(self, fault_target: FaultTarget) -> str | None:
        periods = fault_target.engine.throttled_periods() - self._before
        return f"periods in which the kernel throttled the node: {periods}" if periods >= PERIODS else None

    def remove(self, fault_target: FaultTarget) -> None:
        fault_target.engine.restore_cpu()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"{fault_target.name} is still limited to a share of a core" if fault_target.engine.is_cpu_limited() else None
