"""A whole node stands still, by the engine's freezer: every process of it, and nobody inside can tell."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import Victim


@dataclass
class Freeze:
    """Connections stay open, the kernel still accepts new ones, and nothing answers."""

    done: str = "frozen"
    told: str = "A whole node stands still, by the engine's freezer: every process of it, and nobody inside can tell."
    needs: frozenset[str] = frozenset({"freeze"})

    def inject(self, victim: Victim) -> None:
        victim.engine.freeze()

    def effect(self, victim: Victim) -> str | None:
        return f"the engine has {victim.name} paused" if victim.engine.is_frozen() else None

    def heal(self, victim: Victim) -> None:
        if victim.engine.is_frozen():
            victim.engine.thaw()

    def residue(self, victim: Victim) -> str | None:
        return f"the engine still has {victim.name} paused" if victim.engine.is_frozen() else None
