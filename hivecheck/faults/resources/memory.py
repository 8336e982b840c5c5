"""What the kernel counts of a node's memory, in either version of control groups: as it shows it here, else to a command at the node."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.errors import ClientError
from hivecheck.faults.fault import FaultTarget

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


def kernel_kills(fault_target: FaultTarget) -> int:
    """How many processes of the victim's node the kernel has killed for want of memory, by its own count."""
    return sum(int(line.split()[1]) for line in _told(fault_target, KILLS).splitlines() if line.startswith("oom_kill "))


def memory(fault_target: FaultTarget) -> Memory:
    """Raises ClientError where the kernel tells nothing."""
    used, most = _told(fault_target, USED).strip(), _told(fault_target, MOST).strip()
    return Memory(int(used), float("inf") if most == "max" else int(most))


def _told(fault_target: FaultTarget, names: tuple[str, ...]) -> str:
    told = fault_target.node.engine.control_file(*names) if fault_target.node.engine else None
    if told is None:
        told = fault_target.node.run(["sh", "-c", READ, "sh", *names]).output
    if not told.strip():
        raise ClientError(f"the kernel tells neither of {', '.join(names)} at {fault_target.node.name}")
    return told
