"""The disk of a hive's model files is nearly full: a running download fails in mid-file with ENOSPC."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults import programs
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.platforms.node_program import python_command

LEFT_BYTES = 256 * 1024  # a running download fails in mid-file, instead of at its start
PROBE_BYTES = 4 * 1024 * 1024  # more than an aborted download gives back
LARGEST_BYTES = 64 * 1024 * 1024  # of a disk of the node's own. A larger disk is the machine's, and to fill it would affect all its users


@dataclass
class FullDisk:
    """Fills only a small disk of the node's own. Proven by the kernel, which refuses another file."""

    act: str = "its disk was filled"
    description: str = "The disk of a hive's model files is nearly full: a running download fails in mid-file (ENOSPC)."
    requires: frozenset[str] = frozenset({"disk"})
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = "no hive fetches a model under the load"
    example_target: str = "hive-1"

    def inject(self, fault_target: FaultTarget) -> None:
        disk_state(fault_target, "fill")

    def effect(self, fault_target: FaultTarget) -> str | None:
        disk = disk_state(fault_target)
        evidence = f"{disk['free']} of {disk['size']} bytes are free, and the kernel refuses {PROBE_BYTES} more with {disk['refusal']}"
        return evidence if disk["refusal"] == "ENOSPC" else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.node.is_running():  # such a disk vanishes with the container's last process
            disk_state(fault_target, "free")

    def remaining(self, fault_target: FaultTarget) -> str | None:
        is_filled = fault_target.node.is_running() and disk_state(fault_target)["is_filled"]
        return f"the disk of {fault_target.name} is still filled" if is_filled else None


def disk_state(fault_target: FaultTarget, command: str = "measure") -> dict[str, Any]:
    """The disk after the command. Raises ClientError, or InconclusiveError for a worker, which has no disk."""
    if not fault_target.is_node:
        raise InconclusiveError(
            f"expected: a node with a disk of its own\nactual: {fault_target.name} shares the disk of {fault_target.node.name}\n"
            f"next: name {fault_target.node.name}"
        )
    sizes = map(str, (LARGEST_BYTES, LEFT_BYTES, PROBE_BYTES))
    result = fault_target.node.run(python_command(programs.FULL_DISK, command, *sizes))
    if result.exit_code:
        raise ClientError(
            f"expected: {fault_target.name} keeps model files on a disk of its own\nactual: {result.output.strip()}\n"
            "next: use a hive of the topology small_disk"
        )
    state: dict[str, Any] = json.loads(result.output)
    return state
