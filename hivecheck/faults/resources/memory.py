"""What the kernel counts of a node's memory, in either version of control groups: as it shows it here, else to a command at the node."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.errors import ClientError
from hivecheck.faults.fault import Victim

# Name in version 2, in version 1. Both versions name the count of kills `oom_kill`; in version 2 `max` is no limit.
KILLS = "memory.events", "memory.oom_control"
USED = "memory.current", "memory.usage_in_bytes"
MOST = "memory.max", "memory.limit_in_bytes"
# No other program is started, which would take its memory from where there may be none.
READ = """for f in "$@"; do for p in /sys/fs/cgroup/$f /sys/fs/cgroup/memory/$f; do
[ -r $p ] && while read -r l; do echo "$l"; done < $p && exit; done; done; true"""


@dataclass(frozen=True)
class Memory:
    """What a node uses and may use, in bytes."""

    used: int
    most: float


def kernel_kills(victim: Victim) -> int:
    """How many processes of the victim's node the kernel has killed for want of memory, by its own count."""
    return sum(int(line.split()[1]) for line in _told(victim, KILLS).splitlines() if line.startswith("oom_kill "))


def memory(victim: Victim) -> Memory:
    """Raises ClientError where the kernel tells nothing."""
    used, most = _told(victim, USED).strip(), _told(victim, MOST).strip()
    return Memory(int(used), float("inf") if most == "max" else int(most))


def _told(victim: Victim, names: tuple[str, ...]) -> str:
    told = victim.node.engine.control_file(*names) if victim.node.engine else None
    if told is None:
        told = victim.node.run(["sh", "-c", READ, "sh", *names]).output
    if not told.strip():
        raise ClientError(f"the kernel tells neither of {', '.join(names)} at {victim.node.name}")
    return told
