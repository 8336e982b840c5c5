"""Reads and sets soft limits of the target's process: from this machine if it lists the process, else by a command at the node."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from pathlib import Path
from typing import Any

from hivecheck.errors import ClientError
from hivecheck.faults import programs
from hivecheck.faults.fault import FaultTarget
from hivecheck.platforms.node_program import python_command

NAMES = {resource.RLIMIT_NOFILE: "Max open files", resource.RLIMIT_FSIZE: "Max file size"}  # in /proc/<pid>/limits
OPTIONS = {resource.RLIMIT_NOFILE: "nofile", resource.RLIMIT_FSIZE: "fsize"}  # of prlimit(1)
SET_SECONDS = 5.0


def soft_limit(fault_target: FaultTarget, kind: int) -> int:
    """The limit in /proc; RLIM_INFINITY is no limit. Raises ClientError when the process has exited."""
    soft, _ = _limits(fault_target, kind)
    return soft


def limit(fault_target: FaultTarget, kind: int, soft: int | None) -> None:
    """Set the limit. None raises it to the hard limit, which needs no privilege. Raises ClientError when that fails."""
    if soft is None:
        _, soft = _limits(fault_target, kind)
    folder = fault_target.node.proc_of(fault_target.pid)
    if folder is not None and _is_set_from_here(folder, kind, soft):
        return
    result = fault_target.node.run(python_command(programs.SOFT_LIMIT, str(fault_target.pid), str(kind), str(soft)))
    if result.exit_code:
        raise ClientError(
            f"expected: {NAMES[kind]} of {fault_target.name} set to {soft}\nactual: {result.output.strip()}\n"
            f"next: check that process {fault_target.pid} of {fault_target.node.name} runs"
        )


def _is_set_from_here(folder: Path, kind: int, soft: int) -> bool:
    """Whether this machine could set the limit. It does so as the owner of the process: root in a container may lack the capability."""
    value = "unlimited" if soft == resource.RLIM_INFINITY else str(soft)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        stat = folder.stat()
        owner: dict[str, Any] = {"user": stat.st_uid, "group": stat.st_gid, "extra_groups": ()} if os.geteuid() == 0 else {}
        command = ["prlimit", f"--pid={folder.name}", f"--{OPTIONS[kind]}={value}:"]
        return subprocess.run(command, capture_output=True, timeout=SET_SECONDS, check=False, **owner).returncode == 0
    return False


def _limits(fault_target: FaultTarget, kind: int) -> tuple[int, int]:
    line = next((line for line in fault_target.proc("limits").splitlines() if line.startswith(NAMES[kind])), None)
    if line is None:
        raise ClientError(
            f"expected: {NAMES[kind]} in /proc/{fault_target.pid}/limits of {fault_target.name}\nactual: no such line\n"
            "next: check the kernel of the node"
        )
    soft, hard = (resource.RLIM_INFINITY if word == "unlimited" else int(word) for word in line.removeprefix(NAMES[kind]).split()[:2])
    return soft, hard
