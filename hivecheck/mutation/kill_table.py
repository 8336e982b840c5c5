"""Who caught what: the table of mutants and requirements, scenarios that kill nothing, mutants nobody kills. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hivecheck.mutation.mutant import Mutant

REASON_CHARACTERS = 200  # enough to see that it is the reason the mutant states


@dataclass(frozen=True)
class Kill:
    """What a mutant's run showed: `killers` are the scenarios that failed by assertion, with their first line of reason."""

    mutant: Mutant
    killers: dict[str, str]
    missed: tuple[str, ...]
    doubt: str = ""

    @property
    def is_killed(self) -> bool:
        return not self.missed and not self.doubt


@dataclass
class KillTable:
    """All of them, beside every scenario that the unmutated twin passed."""

    scenarios: dict[str, str]
    kills: list[Kill] = field(default_factory=list)

    def survivors(self) -> list[Kill]:
        return [kill for kill in self.kills if not kill.is_killed]

    def idle_scenarios(self) -> list[str]:
        """Scenarios that no mutant turned red."""
        killers = {key for kill in self.kills for key in kill.killers}
        return [key for key in self.scenarios if key not in killers]

    def lines(self) -> Iterable[str]:
        """The table for a person: one line a mutant, with what turned red and the first reason given."""
        width = max((len(kill.mutant.name) for kill in self.kills), default=0)
        for kill in self.kills:
            mark = "killed  " if kill.is_killed else "SURVIVED"
            reason = textwrap.shorten(next(iter(kill.killers.values()), ""), REASON_CHARACTERS, placeholder=" ...")
            detail = kill.doubt or (f"not red: {', '.join(kill.missed)}" if kill.missed else reason)
            yield f"{mark}  {kill.mutant.name:<{width}}  {','.join(kill.mutant.requirements)}  {detail}"


def judge(mutant: Mutant, statuses: Mapping[str, Mapping[str, object]]) -> Kill:
    """Each requirement of the mutant must have a scenario that failed; errors and refusals to judge do not count."""
    killers = {key: str(told["message"]) for key, told in statuses.items() if told["status"] == "failed"}
    red = {requirement for key in killers for requirement in _list(statuses[key]["requirements"])}
    return Kill(mutant, killers, tuple(requirement for requirement in mutant.requirements if requirement not in red))


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []
