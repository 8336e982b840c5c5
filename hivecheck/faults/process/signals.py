"""The struck process ends: at once (SIGKILL), or by its own leave (SIGTERM). A node is started again when it is healed."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from hivecheck.faults.fault import FaultTarget


@dataclass
class SignalFault:
    """A worker that a hive manages is started again by that hive, by its restart policy: healing only waits for it."""

    number: signal.Signals
    act: str
    requires: frozenset[str]
    description: str

    def inject(self, fault_target: FaultTarget) -> None:
        fault_target.node.signal(self.number, None if fault_target.is_node else fault_target.pid)

    def effect(self, fault_target: FaultTarget) -> str | None:
        if fault_target.is_node:
            return None if fault_target.node.is_running() else f"{fault_target.name} ended with code {fault_target.node.exit_code()}"
        return f"process {fault_target.pid} is gone" if fault_target.state() is None else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.is_node and not fault_target.node.is_running():
            fault_target.node.restart()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return fault_target.not_replaced()


def kill() -> SignalFault:
    told = "The struck process ends at once (SIGKILL), and says goodbye to nobody."
    return SignalFault(signal.SIGKILL, "killed", frozenset({"kill", "restart"}), told)


def termination() -> SignalFault:
    told = "The struck process is asked to end (SIGTERM), and may take its time to do so in good order."
    return SignalFault(signal.SIGTERM, "terminated", frozenset({"terminate", "restart"}), told)
