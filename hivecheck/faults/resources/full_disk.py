"""The disk on which a hive keeps model files is full but for a little: who is writing just then breaks off in the middle (ENOSPC)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import FaultTarget

LEFT_BYTES = 256 * 1024  # so that a download that goes on is cut off in mid-file, and does not only find no room before it begins
PROBE_BYTES = 4 * 1024 * 1024  # more than what a download that broke off meanwhile has given back
LARGEST_BYTES = 64 * 1024 * 1024  # of a disk that is a node's own; whoever else is on it would be struck, too
# Runs at the node. `fill` takes what is free, `free` gives it back; then what there is, and whether the kernel takes another file.
PROGRAM = """
import errno, json, os, sys
order, (largest, left, probed) = sys.argv[1], map(int, sys.argv[2:])
folder = next((path for path in ("/data/models", "data/models") if os.path.isdir(path)), None)
if folder is None:
    sys.exit("it keeps no model files")
filler, probe = os.path.join(folder, ".filler"), os.path.join(folder, ".probe")
def room():
    disk = os.statvfs(folder)
    return disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
size, free = room()
if size > largest:
    sys.exit(f"its disk of {size} bytes is the machine's")
if order == "fill":
    with open(filler, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - left))
if order == "free" and os.path.exists(filler):
    os.unlink(filler)
refusal = ""
try:
    with open(probe, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, probed)
except OSError as error:
    refusal = errno.errorcode[error.errno]
os.unlink(probe)
print(json.dumps({"size": size, "free": room()[1], "refusal": refusal, "is_filled": os.path.exists(filler)}))
"""


@dataclass
class FullDisk:
    """Only a small disk of the node's own is filled. Proven by the kernel, which refuses more than is left."""

    act: str = "its disk was filled"
    description: str = (
        "The disk on which a hive keeps model files is full but for a little: whoever is writing breaks off in the middle (ENOSPC)."
    )
    requires: frozenset[str] = frozenset({"disk"})

    def inject(self, fault_target: FaultTarget) -> None:
        look(fault_target, "fill")

    def effect(self, fault_target: FaultTarget) -> str | None:
        seen = look(fault_target)
        description = f"{seen['free']} of {seen['size']} bytes are free, to {PROBE_BYTES} more the kernel says {seen['refusal']}"
        return description if seen["refusal"] == "ENOSPC" else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.node.is_running():  # with its last process such a disk is gone
            look(fault_target, "free")

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return (
            f"the disk of {fault_target.name} is still filled"
            if fault_target.node.is_running() and look(fault_target)["is_filled"]
            else None
        )


def look(fault_target: FaultTarget, order: str = "look") -> dict[str, Any]:
    """The disk as it is once the order was carried out. Raises ClientError, or InconclusiveError when it is not the node's own."""
    if not fault_target.is_node:
        raise InconclusiveError(
            f"expected: a node, which has a disk\nactual: {fault_target.name}, which shares that of {fault_target.node.name}"
        )
    done = fault_target.node.run(["python3", "-I", "-S", "-c", PROGRAM, order, *map(str, (LARGEST_BYTES, LEFT_BYTES, PROBE_BYTES))])
    if done.exit_code:
        raise ClientError(f"{fault_target.name}: {done.output.strip()}")
    description: dict[str, Any] = json.loads(done.output)
    return description
