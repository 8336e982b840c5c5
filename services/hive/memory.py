"""The kernel's OOM killer: makes it prefer workers over the hive, and counts its kills in this control group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# cgroup v2 and v1. In a container these files belong to the container's own group, elsewhere to the machine's root group.
COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))
# 500 counts like half of all memory (proc(5)). The hive must survive its workers, because it reports and restarts them.
WORKER_SCORE = 500


def prefer_for_oom_kill(pid: int) -> None:
    """Make the OOM killer prefer this process and its children over the hive. No effect on systems without /proc."""
    try:
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(WORKER_SCORE), encoding="ascii")
    except OSError:
        return  # The process has exited, or the system has no /proc. The kernel then chooses by size alone.


class KernelKills:
    """Distinguishes an OOM kill from any other SIGKILL by the kernel's counter."""

    def __init__(self, counters: Sequence[Path] = COUNTERS) -> None:
        self._counters = counters
        self._known = self._count()

    def has_new_kill(self) -> bool:
        """Whether the OOM killer has killed since the last call that returned True. Each kill explains one exit."""
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
