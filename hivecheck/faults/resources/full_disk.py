"""The disk on which a hive keeps model files is full but for a little: who is writing just then breaks off in the middle (ENOSPC)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import Victim

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

    done: str = "its disk was filled"
    told: str = "The disk on which a hive keeps model files is full but for a little: whoever is writing breaks off in the middle (ENOSPC)."
    needs: frozenset[str] = frozenset({"disk"})

    def inject(self, victim: Victim) -> None:
        look(victim, "fill")

    def effect(self, victim: Victim) -> str | None:
        seen = look(victim)
        told = f"{seen['free']} of {seen['size']} bytes are free, to {PROBE_BYTES} more the kernel says {seen['refusal']}"
        return told if seen["refusal"] == "ENOSPC" else None

    def heal(self, victim: Victim) -> None:
        if victim.node.is_running():  # with its last process such a disk is gone
            look(victim, "free")

    def residue(self, victim: Victim) -> str | None:
        return f"the disk of {victim.name} is still filled" if victim.node.is_running() and look(victim)["is_filled"] else None


def look(victim: Victim, order: str = "look") -> dict[str, Any]:
    """The disk as it is once the order was carried out. Raises ClientError, or InconclusiveError when it is not the node's own."""
    if not victim.is_node:
        raise InconclusiveError(f"wanted: a node, which has a disk\ngot: {victim.name}, which shares that of {victim.node.name}")
    done = victim.node.run(["python3", "-I", "-S", "-c", PROGRAM, order, *map(str, (LARGEST_BYTES, LEFT_BYTES, PROBE_BYTES))])
    if done.exit_code:
        raise ClientError(f"{victim.name}: {done.output.strip()}")
    told: dict[str, Any] = json.loads(done.output)
    return told
