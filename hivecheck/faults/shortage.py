"""A node has next to no memory left: it is held to little more than it uses, and nobody is killed for it."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.errors import ClientError
from hivecheck.faults.exhaustion import kernel_kills
from hivecheck.faults.fault import Victim

FULL_SHARE = 0.95
SEEN_SHARE = 0.90  # the kernel takes back what is cached as soon as somebody wants more
# What is used and what may be, in bytes, in either version of control groups; `max` is no limit.
MEMORY = """for f in memory.current memory.max memory/memory.usage_in_bytes memory/memory.limit_in_bytes; do
[ -r /sys/fs/cgroup/$f ] && read -r n < /sys/fs/cgroup/$f && echo $n; done; true"""


@dataclass
class Shortage:
    """Proven by the kernel's own numbers: nearly all that the node may have is in use, and its count of kills stays what it was."""

    done: str = "left without memory"
    needs: frozenset[str] = frozenset({"memory", "exec"})
    _kills: int = 0

    def inject(self, victim: Victim) -> None:
        self._kills = kernel_kills(victim)
        victim.engine.limit_memory(int(memory(victim)[0] / FULL_SHARE))

    def effect(self, victim: Victim) -> str | None:
        used, most = memory(victim)
        if used < SEEN_SHARE * most or kernel_kills(victim) != self._kills:
            return None
        return f"{used} of {most} bytes are in use, {used / most:.0%}"

    def heal(self, victim: Victim) -> None:
        victim.engine.restore_memory()

    def residue(self, victim: Victim) -> str | None:
        return f"{victim.name} is still held to less memory" if victim.engine.is_memory_limited() else None


def memory(victim: Victim) -> tuple[int, float]:
    """What the victim's node uses, and what it may use; in bytes. Raises ClientError where the kernel tells neither."""
    told = victim.node.run(["sh", "-c", MEMORY]).output.split()
    if len(told) != 2:
        raise ClientError(f"{victim.name} shows no use and limit of memory: {told}")
    return int(told[0]), float("inf") if told[1] == "max" else int(told[1])
