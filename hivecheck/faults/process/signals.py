"""The struck process ends: at once (SIGKILL), or by its own leave (SIGTERM). A node is started again when it is healed."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from hivecheck.faults.fault import Victim


@dataclass
class Ending:
    """A worker that a hive manages is started again by that hive, by its restart policy: healing only waits for it."""

    number: signal.Signals
    done: str
    needs: frozenset[str]
    told: str

    def inject(self, victim: Victim) -> None:
        victim.node.signal(self.number, None if victim.is_node else victim.pid)

    def effect(self, victim: Victim) -> str | None:
        if victim.is_node:
            return None if victim.node.is_running() else f"{victim.name} ended with code {victim.node.exit_code()}"
        return f"process {victim.pid} is gone" if victim.state() is None else None

    def heal(self, victim: Victim) -> None:
        if victim.is_node and not victim.node.is_running():
            victim.node.restart()

    def residue(self, victim: Victim) -> str | None:
        return victim.not_replaced()


def kill() -> Ending:
    told = "The struck process ends at once (SIGKILL), and says goodbye to nobody."
    return Ending(signal.SIGKILL, "killed", frozenset({"kill", "restart"}), told)


def termination() -> Ending:
    told = "The struck process is asked to end (SIGTERM), and may take its time to do so in good order."
    return Ending(signal.SIGTERM, "terminated", frozenset({"terminate", "restart"}), told)
