"""A node's memory limit is hardly above its use, without an OOM kill."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.errors import NotSupportedError
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.faults.resources.memory import is_visible, kernel_kills, memory

FULL_SHARE = 0.95
EFFECT_SHARE = 0.90  # below FULL_SHARE, because the kernel reclaims cached pages under pressure


@dataclass
class MemoryPressure:
    """Proven by the kernel's figures: nearly all memory is in use, and the count of OOM kills is constant."""

    act: str = "short of memory"
    description: str = "A node's memory limit is hardly above its use, without an OOM kill."
    requires: frozenset[str] = frozenset({"memory", "exec"})
    eligible_for: frozenset[Kind] = frozenset({Kind.OWN_NODE, Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "registry"
    _kills: int = 0

    def inject(self, fault_target: FaultTarget) -> None:
        # A command in the node would itself take the last memory, and the kernel would then kill the service.
        if not is_visible(fault_target):
            raise NotSupportedError(
                f"expected: this machine shows the control group of {fault_target.node.name}\nactual: it does not\n"
                "next: run hivecheck on the machine of the Docker engine"
            )
        self._kills = kernel_kills(fault_target)
        fault_target.engine.limit_memory(int(memory(fault_target).used / FULL_SHARE))

    def effect(self, fault_target: FaultTarget) -> str | None:
        now = memory(fault_target)
        if now.used < EFFECT_SHARE * now.most or kernel_kills(fault_target) != self._kills:
            return None
        return f"{now.used} of {now.most} bytes are in use, {now.used / now.most:.0%}"

    def remove(self, fault_target: FaultTarget) -> None:
        fault_target.engine.restore_memory()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"the memory limit of {fault_target.name} is still lowered" if fault_target.engine.is_memory_limited() else None
