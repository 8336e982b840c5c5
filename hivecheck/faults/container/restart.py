"""A node is stopped in an orderly way and started again at once."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import Victim
from hivecheck.waiting import eventually

UPTIME = Path("/proc/uptime")
STARTED_FIELD = 19  # of /proc/<pid>/stat after the command's closing bracket: clock ticks since the machine's boot, proc(5)


@dataclass
class Restart:
    """Proven by the kernel's start time of the service's process: a process id may come again, in a container it always does."""

    done: str = "restarted"
    told: str = "A node is stopped in an orderly way (SIGTERM) and started again at once."
    needs: frozenset[str] = frozenset({"terminate", "restart"})
    _begun_seconds: float = 0.0

    def inject(self, victim: Victim) -> None:
        if not victim.is_node:
            raise InconclusiveError(f"wanted: a node, which the harness can start again\ngot: {victim.name}, which its hive starts")
        self._begun_seconds = uptime_seconds(victim)
        victim.node.signal(signal.SIGTERM)
        within = victim.stack.timeouts.node_stop
        eventually(lambda: not victim.node.is_running(), within=within, what=f"{victim.name} stopped", every=0.005)
        victim.node.restart()

    def effect(self, victim: Victim) -> str | None:
        started = started_seconds(victim)
        if started is None or started <= self._begun_seconds:
            return None
        return f"its process began {started:.2f} s after the machine, the strike at {self._begun_seconds:.2f} s"

    def heal(self, victim: Victim) -> None:
        if not victim.node.is_running():
            victim.node.restart()

    def residue(self, victim: Victim) -> str | None:
        return None if victim.node.processes() else f"{victim.name} does not run"


def uptime_seconds(victim: Victim) -> float:
    """How long the kernel that runs the node has been up."""
    is_shown_here = victim.node.proc_of(victim.pid) is not None
    told = UPTIME.read_text() if is_shown_here else victim.node.run(["cat", str(UPTIME)]).output
    return float(told.split()[0])


def started_seconds(victim: Victim) -> float | None:
    """When the process that now is the node's own was started, since the machine's boot; None while there is none."""
    own = victim.node.processes()
    if not own:
        return None
    try:
        told = replace(victim, pid=own[0].pid).proc("stat")
    except ClientError:
        return None
    return int(told.rpartition(")")[2].split()[STARTED_FIELD]) / os.sysconf("SC_CLK_TCK")
