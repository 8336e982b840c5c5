"""The one reader of a process's resident memory. Platforms offer it as `Node.memory()`."""

from __future__ import annotations

from collections.abc import Callable

from hivecheck.errors import InconclusiveError
from hivecheck.platforms.platform import CommandResult, ProcessMemory

KIB = 1024  # proc(5): /proc/<pid>/status gives kB, which are KiB


def process_memory(run: Callable[[list[str]], CommandResult], pid: int) -> ProcessMemory:
    """`run` runs a command at the node, and `pid` is as the node itself counts. Raises InconclusiveError when nothing can be read."""
    output = run(["cat", f"/proc/{pid}/status"]).output
    fields = {name: value for name, _, value in (line.partition(":") for line in output.splitlines())}
    if not {"VmRSS", "VmHWM"} <= set(fields):
        raise InconclusiveError(f"expected: the memory of process {pid}\nactual: /proc/{pid}/status has none: {output.strip()[:200]}")
    resident, peak = (KIB * int(fields[name].split()[0]) for name in ("VmRSS", "VmHWM"))
    return ProcessMemory(resident, peak)
