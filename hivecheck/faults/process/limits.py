"""The soft limits of a struck process, read and set: by this machine's kernel where it shows the process, else by a command at its node."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from pathlib import Path
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.faults.fault import FaultTarget

NAMES = {resource.RLIMIT_NOFILE: "Max open files", resource.RLIMIT_FSIZE: "Max file size"}  # in /proc/<pid>/limits
OPTIONS = {resource.RLIMIT_NOFILE: "nofile", resource.RLIMIT_FSIZE: "fsize"}  # of prlimit(1)
SET_SECONDS = 5.0
SET = """
import resource, sys
pid, kind, soft = map(int, sys.argv[1:])
resource.prlimit(pid, kind, (soft, resource.prlimit(pid, kind)[1]))
"""


def soft_limit(fault_target: FaultTarget, kind: int) -> int:
    """As /proc tells it; RLIM_INFINITY is no limit. Raises ClientError when the process is gone."""
    soft, _ = _limits(fault_target, kind)
    return soft


def limit(fault_target: FaultTarget, kind: int, soft: int | None) -> None:
    """Change it, None: up to its hard limit, which nobody needs a privilege for. Raises ClientError when that cannot be done."""
    if soft is None:
        _, soft = _limits(fault_target, kind)
    folder = fault_target.node.proc_of(fault_target.pid)
    if folder is not None and _is_set_here(folder, kind, soft):
        return
    done = fault_target.node.run(["python3", "-I", "-S", "-c", SET, str(fault_target.pid), str(kind), str(soft)])
    if done.exit_code:
        raise ClientError(f"{fault_target.name}: {NAMES[kind]} could not be set to {soft}: {done.output.strip()}")


def _is_set_here(folder: Path, kind: int, soft: int) -> bool:
    """Whether it could be set from this machine: as the user whose process it is, since not every root may do that to others."""
    word = "unlimited" if soft == resource.RLIM_INFINITY else str(soft)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        owner = folder.stat()
        somebody: dict[str, Any] = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": ()} if os.geteuid() == 0 else {}
        command = ["prlimit", f"--pid={folder.name}", f"--{OPTIONS[kind]}={word}:"]
        return subprocess.run(command, capture_output=True, timeout=SET_SECONDS, check=False, **somebody).returncode == 0
    return False


def _limits(fault_target: FaultTarget, kind: int) -> tuple[int, int]:
    line = next((line for line in fault_target.proc("limits").splitlines() if line.startswith(NAMES[kind])), None)
    if line is None:
        raise ClientError(f"the kernel tells no {NAMES[kind]} of process {fault_target.pid} of {fault_target.name}")
    soft, hard = (resource.RLIM_INFINITY if word == "unlimited" else int(word) for word in line.removeprefix(NAMES[kind]).split()[:2])
    return soft, hard
