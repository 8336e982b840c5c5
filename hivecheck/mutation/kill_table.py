"""The kill table: mutants with their requirements, surviving mutants, scenarios that detect no mutant. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hivecheck.mutation.mutant import Mutant

MESSAGE_CHARACTERS = 200  # enough to compare the failure with the defect


@dataclass(frozen=True)
class Kill:
    """The result of a mutant's run: `killers` are the scenarios that failed by assertion, each with its message.

    `missed` are requirements without a failed scenario. `doubt` is the reason why the run does not count.
    """

    mutant: Mutant
    killers: dict[str, str]
    missed: tuple[str, ...]
    doubt: str = ""

    @property
    def is_killed(self) -> bool:
        return not self.missed and not self.doubt


@dataclass
class KillTable:
    """All results, beside every scenario that passed on the unmutated services."""

    scenarios: dict[str, str]
    kills: list[Kill] = field(default_factory=list)

    def survivors(self) -> list[Kill]:
        return [kill for kill in self.kills if not kill.is_killed]

    def idle_scenarios(self) -> list[str]:
        """Scenarios that failed for no mutant."""
        killers = {key for kill in self.kills for key in kill.killers}
        return [key for key in self.scenarios if key not in killers]

    def lines(self) -> Iterable[str]:
        """The table for a person: one line a mutant, with the message of its first failed scenario."""
        width = max((len(kill.mutant.name) for kill in self.kills), default=0)
        for kill in self.kills:
            mark = "killed  " if kill.is_killed else "SURVIVED"
            message = textwrap.shorten(next(iter(kill.killers.values()), ""), MESSAGE_CHARACTERS, placeholder=" ...")
            detail = kill.doubt or (f"no scenario failed of: {', '.join(kill.missed)}" if kill.missed else message)
            yield f"{mark}  {kill.mutant.name:<{width}}  {','.join(kill.mutant.requirements)}  {detail}"


def judge(mutant: Mutant, statuses: Mapping[str, Mapping[str, object]]) -> Kill:
    """Each requirement of the mutant must have a scenario that failed."""
    # An inconclusive scenario has no verdict about the defect, so only `failed` counts.
    killers = {key: str(scenario["message"]) for key, scenario in statuses.items() if scenario["status"] == "failed"}
    failed = {requirement for key in killers for requirement in _list(statuses[key]["requirements"])}
    return Kill(mutant, killers, tuple(requirement for requirement in mutant.requirements if requirement not in failed))


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []
