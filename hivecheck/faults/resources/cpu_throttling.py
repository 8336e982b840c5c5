"""A node gets next to no processor time: a twentieth of a core, however idle the machine is."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults.fault import Victim

PERIODS = 3  # of the kernel's, in which it was held back: one may be left over from its limit before


@dataclass
class Starvation:
    """Proven by the kernel's own count of the periods in which it held the node back; a node that wants nothing is not starved."""

    cores: float = 0.05  # less than what a crowded machine leaves to anybody: else the crowd starves it, and not the limit
    done: str = "starved"
    told: str = "A node gets a twentieth of a core, however idle the machine is."
    needs: frozenset[str] = frozenset({"cpu"})
    _before: int = 0

    def inject(self, victim: Victim) -> None:
        self._before = victim.engine.throttled_periods()
        victim.engine.limit_cpu(self.cores)

    def effect(self, victim: Victim) -> str | None:
        periods = victim.engine.throttled_periods() - self._before
        return f"held back by the kernel in {periods} periods" if periods >= PERIODS else None

    def heal(self, victim: Victim) -> None:
        victim.engine.restore_cpu()

    def residue(self, victim: Victim) -> str | None:
        return f"{victim.name} is still held to a share of a core" if victim.engine.is_cpu_limited() else None
