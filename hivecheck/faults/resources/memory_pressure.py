"""A node has next to no memory left: it is held to little more than it uses, and nobody is killed for it."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import Victim
from hivecheck.faults.resources.memory import kernel_kills, memory

FULL_SHARE = 0.95
SEEN_SHARE = 0.90  # the kernel takes back what is cached as soon as somebody wants more


@dataclass
class Shortage:
    """Proven by the kernel's own numbers: nearly all that the node may have is in use, and its count of kills stays what it was."""

    done: str = "left without memory"
    told: str = "A node is held to little more memory than it uses, and nobody is killed for it."
    needs: frozenset[str] = frozenset({"memory", "exec"})
    _kills: int = 0

    def inject(self, victim: Victim) -> None:
        self._kills = kernel_kills(victim)
        victim.engine.limit_memory(int(memory(victim).used / FULL_SHARE))

    def effect(self, victim: Victim) -> str | None:
        now = memory(victim)
        if now.used < SEEN_SHARE * now.most or kernel_kills(victim) != self._kills:
            return None
        return f"{now.used} of {now.most} bytes are in use, {now.used / now.most:.0%}"

    def heal(self, victim: Victim) -> None:
        victim.engine.restore_memory()

    def residue(self, victim: Victim) -> str | None:
        return f"{victim.name} is still held to less memory" if victim.engine.is_memory_limited() else None
