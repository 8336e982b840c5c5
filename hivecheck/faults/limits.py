"""The soft limits of a struck process, read and set: by this machine's kernel where it shows the process, else by a command at its node."""

from __future__ import annotations

import contextlib
import resource

from hivecheck.errors import ClientError
from hivecheck.faults.fault import Victim

NAMES = {resource.RLIMIT_NOFILE: "Max open files", resource.RLIMIT_FSIZE: "Max file size"}  # in /proc/<pid>/limits
SET = """
import resource, sys
pid, kind, soft = map(int, sys.argv[1:])
resource.prlimit(pid, kind, (soft, resource.prlimit(pid, kind)[1]))
"""


def soft_limit(victim: Victim, kind: int) -> int:
    """As /proc tells it; RLIM_INFINITY is no limit. Raises ClientError when the process is gone."""
    soft, _ = _limits(victim, kind)
    return soft


def limit(victim: Victim, kind: int, soft: int | None) -> None:
    """Change it, None: up to its hard limit, which nobody needs a privilege for. Raises ClientError when that cannot be done."""
    if soft is None:
        _, soft = _limits(victim, kind)
    folder = victim.node.proc_of(victim.pid)
    with contextlib.suppress(OSError, ValueError):  # not ours to change from here
        if folder is not None:
            resource.prlimit(int(folder.name), kind, (soft, resource.prlimit(int(folder.name), kind)[1]))
            return
    done = victim.node.run(["python3", "-I", "-S", "-c", SET, str(victim.pid), str(kind), str(soft)])
    if done.exit_code:
        raise ClientError(f"{victim.name}: {NAMES[kind]} could not be set to {soft}: {done.output.strip()}")


def _limits(victim: Victim, kind: int) -> tuple[int, int]:
    line = next((line for line in victim.proc("limits").splitlines() if line.startswith(NAMES[kind])), None)
    if line is None:
        raise ClientError(f"the kernel tells no {NAMES[kind]} of process {victim.pid} of {victim.name}")
    soft, hard = (resource.RLIM_INFINITY if word == "unlimited" else int(word) for word in line.removeprefix(NAMES[kind]).split()[:2])
    return soft, hard
