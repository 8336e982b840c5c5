"""A node vanishes and nobody hears of it: its connections are half open, because neither FIN nor RST of its end ever arrives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hivecheck.faults.fault import Victim
from hivecheck.faults.network.packets import CHANGES, Interference
from hivecheck.faults.process.signals import Ending, kill
from hivecheck.waiting import eventually

CUT_SECONDS = 3.0  # until a packet was dropped: its first one is sent by the agent itself


@dataclass
class HalfOpen:
    """It is cut off from everybody first, both ways; only when packets were seen to be dropped it is killed."""

    done: str = "vanished"
    told: str = "A node ends and nobody hears of it: neither FIN nor RST of its end arrives, so its connections are half open."
    needs: frozenset[str] = frozenset({"packets", "kill", "restart"})
    _cut: Interference = field(default_factory=lambda: Interference(*CHANGES["a partition from"]))
    _end: Ending = field(default_factory=kill)
    _silence: str = ""

    def inject(self, victim: Victim) -> None:
        self._cut.inject(victim)
        self._silence = eventually(lambda: self._cut.effect(victim), within=CUT_SECONDS, what=f"{victim.name} cut off") or ""
        self._end.inject(victim)

    def effect(self, victim: Victim) -> str | None:
        """Both: that it ended, and that nothing of it could be heard then."""
        ended = self._end.effect(victim)
        return f"{self._silence}; then {ended}" if ended and self._silence else None

    def heal(self, victim: Victim) -> None:
        self._cut.heal(victim)
        self._end.heal(victim)

    def residue(self, victim: Victim) -> str | None:
        return self._cut.residue(victim) or self._end.residue(victim)

    def account(self) -> dict[str, Any]:
        return self._cut.account()
