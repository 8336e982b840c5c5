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
    `at_start` is the message of a stack that failed at its start. No scenario judged the defect then, so it kills nothing.
    """

    mutant: Mutant
    killers: dict[str, str]
    missed: tuple[str, ...]
    doubt: str = ""
    at_start: str = ""

    @property
    def is_killed(self) -> bool:
        return not self.missed and not self.doubt

    @property
    def word(self) -> str:
        if self.is_killed:
            return "killed"
        return "AT START" if self.at_start and not self.doubt else "SURVIVED"


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
            yield f"{kill.word:<8}  {kill.mutant.name:<{width}}  {','.join(kill.mutant.requirements)}  {_detail(kill)}"


def _detail(kill: Kill) -> str:
    if kill.is_killed or kill.doubt:
        return kill.doubt or _shortened(next(iter(kill.killers.values()), ""))
    missed = f"no scenario failed of: {', '.join(kill.missed)}"
    return f"killed at start-up, which does not count; {missed}; {_shortened(kill.at_start)}" if kill.at_start else missed


def _shortened(message: str) -> str:
    return textwrap.shorten(message, MESSAGE_CHARACTERS, placeholder=" ...")


def judge(mutant: Mutant, statuses: Mapping[str, Mapping[str, object]]) -> Kill:
    """Each requirement of the mutant must have a scenario that failed."""
    # An inconclusive scenario has no verdict about the defect, so only `failed` counts.
    red = {key: str(scenario["message"]) for key, scenario in statuses.items() if scenario["status"] == "failed"}
    # A stack that does not start is a failed system too, but no step and no check judged the defect.
    starts = {key for key in red if statuses[key].get("is_start_failure")}
    killers = {key: message for key, message in red.items() if key not in starts}
    failed = {requirement for key in killers for requirement in _list(statuses[key]["requirements"])}
    missed = tuple(requirement for requirement in mutant.requirements if requirement not in failed)
    return Kill(mutant, killers, missed, at_start=next((red[key] for key in red if key in starts), ""))


def _list(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else []
