"""A fault without harm. It has an effect and can be removed, as its fields say. For tests of code that handles faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import HealError
from hivecheck.faults.fault import FaultTarget, Kind


@dataclass
class Noop:
    """All Noops of a test write to one `diary`. `has_effect`, `can_heal` and `doubt` define the outcome."""

    name: str = "noop"
    has_effect: bool = True
    can_heal: bool = True
    doubt: str = ""
    diary: list[str] = field(default_factory=list)
    act: str = "left alone"
    description: str = "Nothing happens."
    requires: frozenset[str] = frozenset()
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = "it is for tests"
    example_target: str = "registry"

    def inject(self, fault_target: FaultTarget) -> None:
        self.diary.append(f"{self.name} injected")

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"{self.name} was called for {fault_target.name}" if self.has_effect else None

    def remove(self, fault_target: FaultTarget) -> None:
        self.diary.append(f"{self.name} removed")
        if not self.can_heal:
            raise HealError(f"expected: {self.name} is removed\nactual: its test forbids that\nnext: nothing")

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None

    def stats(self) -> dict[str, Any]:
        return {"doubt": self.doubt} if self.doubt else {}
