"""A node is off the stack's network, established connections included, and comes back under its name."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import Victim


@dataclass
class Disconnection:
    """Its published port answers no more, either: unlike a partition it shuts out the harness, too."""

    done: str = "disconnected"
    told: str = "A node is off the stack's network, established connections included, and comes back under its name."
    needs: frozenset[str] = frozenset({"network"})

    def inject(self, victim: Victim) -> None:
        victim.engine.disconnect()

    def effect(self, victim: Victim) -> str | None:
        return None if victim.engine.is_connected() else f"{victim.name} has no address on the stack's network"

    def heal(self, victim: Victim) -> None:
        if not victim.engine.is_connected():
            victim.engine.connect()

    def residue(self, victim: Victim) -> str | None:
        return None if victim.engine.is_connected() else f"{victim.name} is still off the stack's network"
