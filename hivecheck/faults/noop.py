"""A fault that harms nobody: it bites, heals and leaves what it is told to. For tests of whatever handles faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import HealError
from hivecheck.faults.fault import FaultTarget


@dataclass
class Noop:
    """`diary` is written by all Noops that share it; `bites`, `can_heal` and `doubt` say how it turns out."""

    name: str = "noop"
    has_effect: bool = True
    can_heal: bool = True
    doubt: str = ""
    diary: list[str] = field(default_factory=list)
    act: str = "left in peace"
    description: str = "Nothing at all."
    requires: frozenset[str] = frozenset()

    def inject(self, fault_target: FaultTarget) -> None:
        self.diary.append(f"{self.name} injected")

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"{self.name} was called for {fault_target.name}" if self.has_effect else None

    def remove(self, fault_target: FaultTarget) -> None:
        self.diary.append(f"{self.name} healed")
        if not self.can_heal:
            raise HealError(f"{self.name} was told not to heal")

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None

    def stats(self) -> dict[str, Any]:
        return {"doubt": self.doubt} if self.doubt else {}
