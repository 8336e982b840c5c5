"""A node has next to no memory left: it is held to little more than it uses, and nobody is killed for it."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.resources.memory import kernel_kills, memory

FULL_SHARE = 0.95
SEEN_SHARE = 0.90  # the kernel takes back what is cached as soon as somebody wants more


@dataclass
class MemoryPressure:
    """Proven by the kernel's own numbers: nearly all that the node may have is in use, and its count of kills stays what it was."""

    act: str = "left without memory"
    description: str = "A node is held to little more memory than it uses, and nobody is killed for it."
    requires: frozenset[str] = frozenset({"memory", "exec"})
    _kills: int = 0

    def inject(self, fault_target: FaultTarget) -> None:
        self._kills = kernel_kills(fault_target)
        fault_target.engine.limit_memory(int(memory(fault_target).used / FULL_SHARE))

    def effect(self, fault_target: FaultTarget) -> str | None:
        now = memory(fault_target)
        if now.used < SEEN_SHARE * now.most or kernel_kills(fault_target) != self._kills:
            return None
        return f"{now.used} of {now.most} bytes are in use, {now.used / now.most:.0%}"

    def remove(self, fault_target: FaultTarget) -> None:
        fault_target.engine.restore_memory()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"{fault_target.name} is still held to less memory" if fault_target.engine.is_memory_limited() else None
