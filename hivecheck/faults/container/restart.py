"""A node is stopped in an orderly way (SIGTERM) and started again at once."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.waiting import eventually

UPTIME = Path("/proc/uptime")
STARTED_FIELD = 19  # of /proc/<pid>/stat after the command's closing bracket: clock ticks since the machine's boot, proc(5)


@dataclass
class Restart:
    """Proven by the kernel's start time of the service's process. In a container the process id is the same each time."""

    act: str = "restarted"
    description: str = "A node stops in an orderly way (SIGTERM) and starts again at once."
    requires: frozenset[str] = frozenset({"terminate", "restart"})
    eligible_for: frozenset[Kind] = frozenset({Kind.OWN_NODE, Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "registry"
    _begun_seconds: float = 0.0

    def inject(self, fault_target: FaultTarget) -> None:
        if not fault_target.is_node:
            raise InconclusiveError(
                "expected: a node, which the harness can start again\n"
                f"actual: {fault_target.name} is a worker, and its hive starts it\n"
                "next: name a node, or inject a SIGTERM into the worker"
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
        return f"the process started {started:.2f} s after the machine's boot, the injection was at {self._begun_seconds:.2f} s"

    def remove(self, fault_target: FaultTarget) -> None:
        if not fault_target.node.is_running():
            fault_target.node.restart()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None if fault_target.node.processes() else f"{fault_target.name} does not run"


def uptime_seconds(fault_target: FaultTarget) -> float:
    """The uptime of the kernel that runs the node."""
    is_local = fault_target.node.proc_of(fault_target.pid) is not None
    text = UPTIME.read_text() if is_local else fault_target.node.run(["cat", str(UPTIME)]).output
    return float(text.split()[0])


def started_seconds(fault_target: FaultTarget) -> float | None:
    """The start of the node's current process, in seconds since the machine's boot; None while there is no process."""
    own = fault_target.node.processes()
    if not own:
        return None
    try:
        stat = replace(fault_target, pid=own[0].pid).proc("stat")
    except ClientError:
        return None
    return int(stat.rpartition(")")[2].split()[STARTED_FIELD]) / os.sysconf("SC_CLK_TCK")
