"""What the kernel does when memory runs out: whom it is to kill first, and how often it has killed in our control group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# cgroup v2 and v1 as a container shows its own; elsewhere that of the machine.
COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))
# Half of all that there is: a worker goes before its hive, which is needed to tell of it and to start another one.
WORKER_SCORE = 500


def prefer_as_victim(pid: int) -> None:
    """The kernel is to kill this process and what it starts before us. Without effect where there is no /proc."""
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(WORKER_SCORE), encoding="ascii")
    except OSError:
        return  # gone already, or another system: then the kernel chooses by size alone


class KernelKills:
    """Tells a death for want of memory from any other SIGKILL: the kernel counts the former."""

    def __init__(self, counters: Sequence[Path] = COUNTERS) -> None:
        self._counters = counters
        self._known = self._count()

    def is_one(self) -> bool:
        """Whether the kernel has killed since it was last known to; each of its kills explains one death."""
        now = self._count()
        is_new = now > self._known
        self._known += is_new
        return is_new

    def _count(self) -> int:
        for path in self._counters:
            try:
                fields = dict(line.split() for line in path.read_text(encoding="ascii").splitlines())
                return int(fields["oom_kill"])
            except (OSError, ValueError, KeyError):
                continue
        return 0
