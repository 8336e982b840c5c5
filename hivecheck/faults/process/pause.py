"""One process stands still (SIGSTOP): it answers nothing, and its connections stay open."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from hivecheck.faults.fault import Victim


@dataclass
class Wedge:
    """Strikes the service's own process of a node, or a worker's; what is around it runs on."""

    done: str = "paused"
    told: str = "One process stands still (SIGSTOP): it answers nothing, and its connections stay open."
    needs: frozenset[str] = frozenset({"pause"})

    def inject(self, victim: Victim) -> None:
        victim.node.signal(signal.SIGSTOP, victim.pid)

    def effect(self, victim: Victim) -> str | None:
        return f"process {victim.pid} is in state T" if victim.state() == "T" else None

    def heal(self, victim: Victim) -> None:
        if victim.state() is not None:  # also one that is not seen as stopped yet: the stop may still be on its way
            victim.node.signal(signal.SIGCONT, victim.pid)

    def residue(self, victim: Victim) -> str | None:
        return f"process {victim.pid} is still in state T" if victim.state() == "T" else None
