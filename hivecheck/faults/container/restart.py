"""A node is stopped in an orderly way and started again at once."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.waiting import eventually

UPTIME = Path("/proc/uptime")
STARTED_FIELD = 19  # of /proc/<pid>/stat after the command's closing bracket: clock ticks since the machine's boot, proc(5)


@dataclass
class Restart:
    """Proven by the kernel's start time of the service's process: a process id may come again, in a container it always does."""

    act: str = "restarted"
    description: str = "A node is stopped in an orderly way (SIGTERM) and started again at once."
    requires: frozenset[str] = frozenset({"terminate", "restart"})
    _begun_seconds: float = 0.0

    def inject(self, fault_target: FaultTarget) -> None:
        if not fault_target.is_node:
            raise InconclusiveError(
                f"expected: a node, which the harness can start again\nactual: {fault_target.name}, which its hive starts"
            )
        self._begun_seconds = uptime_seconds(fault_target)
        fault_target.node.signal(signal.SIGTERM)
        within = fault_target.stack.timeouts.node_stop
        eventually(lambda: not fault_target.node.is_running(), within=within, what=f"{fault_target.name} stopped", every=0.005)
        fault_target.node.restart()

    def effect(self, fault_target: FaultTarget) -> str | None:
        started = started_seconds(fault_target)
        if started is None or started <= self._begun_seconds:
            return None
        return f"its process began {started:.2f} s after the machine, the strike at {self._begun_seconds:.2f} s"

    def remove(self, fault_target: FaultTarget) -> None:
        if not fault_target.node.is_running():
            fault_target.node.restart()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None if fault_target.node.processes() else f"{fault_target.name} does not run"


def uptime_seconds(fault_target: FaultTarget) -> float:
    """How long the kernel that runs the node has been up."""
    is_shown_here = fault_target.node.proc_of(fault_target.pid) is not None
    told = UPTIME.read_text() if is_shown_here else fault_target.node.run(["cat", str(UPTIME)]).output
    return float(told.split()[0])


def started_seconds(fault_target: FaultTarget) -> float | None:
    """When the process that now is the node's own was started, since the machine's boot; None while there is none."""
    own = fault_target.node.processes()
    if not own:
        return None
    try:
        told = replace(fault_target, pid=own[0].pid).proc("stat")
    except ClientError:
        return None
    return int(told.rpartition(")")[2].split()[STARTED_FIELD]) / os.sysconf("SC_CLK_TCK")
