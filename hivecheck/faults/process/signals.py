"""SIGKILL or SIGTERM to the target's process. The removal starts a node again."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget, Kind


@dataclass
class SignalFault:
    """A hive starts its managed worker again, by its restart policy. Then the removal only waits."""

    number: signal.Signals
    act: str
    requires: frozenset[str]
    description: str
    eligible_for: frozenset[Kind] = frozenset({Kind.WORKER, Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "worker-1"

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.node.signal(self.number, None if fault_target.is_node else fault_target.pid)

    def effect(self, fault_target: FaultTarget) -> str | None:
        if fault_target.is_node:
            return None if fault_target.node.is_running() else f"{fault_target.name} exited with code {fault_target.node.exit_code()}"
        return f"process {fault_target.pid} has exited" if fault_target.state() is None else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.is_node and not fault_target.node.is_running():
            fault_target.node.restart()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return fault_target.not_replaced()


def sigkill() -> SignalFault:
    description = "The kernel ends the process at once (SIGKILL); the process can neither drain nor deregister."
    return SignalFault(signal.SIGKILL, "killed", frozenset({"kill", "restart"}), description)


def sigterm() -> SignalFault:
    description = "The process receives SIGTERM and may drain before it exits."
    return SignalFault(signal.SIGTERM, "terminated", frozenset({"terminate", "restart"}), description)
