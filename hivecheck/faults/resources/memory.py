"""The kernel's memory figures of a node, for both versions of control groups.

They come from this machine if the engine gives access to them, else from a command at the node.
"""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.errors import ClientError
from hivecheck.faults import programs
from hivecheck.faults.fault import FaultTarget
from hivecheck.platforms.node_program import shell_command

# Name in version 2, in version 1. Both versions call the count of kills `oom_kill`; in version 2 `max` is no limit.
KILLS = "memory.events", "memory.oom_control"
USED = "memory.current", "memory.usage_in_bytes"
MOST = "memory.max", "memory.limit_in_bytes"


@dataclass(frozen=True)
class Memory:
    """The memory in use and the limit of a node, in bytes."""

    used: int
    most: float


def kernel_kills(fault_target: FaultTarget) -> int:
    """The kernel's count of OOM kills at the target's node."""
    return sum(int(line.split()[1]) for line in _control_file(fault_target, KILLS).splitlines() if line.startswith("oom_kill "))


def memory(fault_target: FaultTarget) -> Memory:
    """Raises ClientError where the kernel gives no figures."""
    used, most = _control_file(fault_target, USED).strip(), _control_file(fault_target, MOST).strip()
    return Memory(int(used), float("inf") if most == "max" else int(most))


def is_visible(fault_target: FaultTarget) -> bool:
    """Whether this machine shows the memory figures of the node without a command in it."""
    return fault_target.node.engine is not None and fault_target.node.engine.control_file(*USED) is not None


def _control_file(fault_target: FaultTarget, names: tuple[str, ...]) -> str:
    text = fault_target.node.engine.control_file(*names) if fault_target.node.engine else None
    if text is None:
        text = fault_target.node.run(shell_command(programs.CONTROL_FILE, *names)).output
    if not text.strip():
        raise ClientError(
            f"expected: {' or '.join(names)} of {fault_target.node.name}\nactual: neither file exists\n"
            "next: check the control groups of the Docker host"
        )
    return text
