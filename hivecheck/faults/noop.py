"""A fault that harms nobody: it bites, heals and leaves what it is told to. For tests of whatever handles faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import HealError
from hivecheck.faults.fault import Victim


@dataclass
class Noop:
    """`diary` is written by all Noops that share it; `bites`, `can_heal` and `doubt` say how it turns out."""

    name: str = "noop"
    bites: bool = True
    can_heal: bool = True
    doubt: str = ""
    diary: list[str] = field(default_factory=list)
    done: str = "left in peace"
    told: str = "Nothing at all."
    needs: frozenset[str] = frozenset()

    def inject(self, victim: Victim) -> None:
        self.diary.append(f"{self.name} injected")

    def effect(self, victim: Victim) -> str | None:
        return f"{self.name} was called for {victim.name}" if self.bites else None

    def heal(self, victim: Victim) -> None:
        self.diary.append(f"{self.name} healed")
        if not self.can_heal:
            raise HealError(f"{self.name} was told not to heal")

    def residue(self, victim: Victim) -> str | None:
        return None

    def account(self) -> dict[str, Any]:
        return {"doubt": self.doubt} if self.doubt else {}
