"""The score of generated mutants with its interval, per service and per family, the survivors, and the exit code. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hivecheck.mutation.generated.attempt import Attempt, Outcome
from hivecheck.mutation.generated.edit import Edit
from hivecheck.mutation.generated.listed import Lists
from hivecheck.rerun.flake_statistics import CONFIDENCE, interval
from hivecheck.wording import counted

FORMAT = 1  # of generated.json
EQUIVALENT_SHARE = 0.1  # of a run: more of them, and the operators or the list are wrong
INCONCLUSIVE_SHARE = 0.03
NOT_TRIED = "not tried"
UNDETECTED = (Outcome.SURVIVED, Outcome.NOT_COVERED)


@dataclass(frozen=True)
class Tried:
    """A drawn mutant, its attempt (None: there was no time), its diff, and the list that it is in."""

    edit: Edit
    attempt: Attempt | None
    diff: Sequence[str] = ()
    listed: str = ""  # `equivalent`, `outside`, or empty

    @property
    def outcome(self) -> str:
        return self.attempt.outcome if self.attempt else NOT_TRIED


@dataclass(frozen=True)
class Score:
    """Killed mutants among those that count: tried, and not equivalent."""

    killed: int
    total: int

    def sentence(self) -> str:
        if not self.total:
            return "no mutant"
        low, high = interval(self.killed, self.total)
        return f"{self.killed} of {self.total} killed = {self.killed / self.total:.1%} [{low:.1%}, {high:.1%}]"

    def data(self) -> dict[str, Any]:
        low, high = interval(self.killed, self.total) if self.total else (0.0, 1.0)
        return {"killed": self.killed, "total": self.total, "confidence": CONFIDENCE, "low": low, "high": high}


def tried(edits: Sequence[Edit], attempts: Mapping[str, Attempt], diffs: Mapping[str, Sequence[str]], lists: Lists) -> list[Tried]:
    """Each drawn mutant with what is known about it. A mutant that a scenario kills is in no list."""
    found = []
    for edit in edits:
        attempt = attempts.get(edit.name)
        is_undetected = attempt is not None and attempt.outcome in UNDETECTED
        listed = "equivalent" if lists.is_equivalent(edit) else "outside" if lists.is_outside(edit) else ""
        found.append(Tried(edit, attempt, diffs.get(edit.name, ()), listed if is_undetected else ""))
    return found


def score(mutants: Iterable[Tried]) -> Score:
    """A mutant that no scenario runs counts as survived; one that ends the start of the stack, or is inconclusive, as not killed."""
    judged = [one for one in mutants if one.attempt and one.listed != "equivalent"]
    return Score(sum(one.outcome == Outcome.KILLED for one in judged), len(judged))


def unlisted(mutants: Iterable[Tried]) -> list[Tried]:
    """The survivors in neither list."""
    return [one for one in mutants if one.outcome in UNDETECTED and not one.listed]


def exit_code(mutants: Sequence[Tried]) -> int:
    """0 no gap, 1 a survivor in neither list or too many equivalent ones, 2 no verdict about too many."""
    if unlisted(mutants) or _equivalent(mutants) > EQUIVALENT_SHARE * len(mutants):
        return 1
    doubtful = sum(one.outcome == Outcome.INCONCLUSIVE for one in mutants)
    return 2 if doubtful > max(1, INCONCLUSIVE_SHARE * len(mutants)) or any(one.attempt is None for one in mutants) else 0


def lines(mutants: Sequence[Tried], seed: int) -> list[str]:
    """The report for a person."""
    report = []
    for one in mutants:
        if one.outcome in (*UNDETECTED, Outcome.INCONCLUSIVE, Outcome.AT_START):
            report += ["", *_story(one)]
    report += ["", *_table("service", mutants, lambda one: one.edit.service), "", *_table("family", mutants, lambda one: one.edit.family)]
    return [*report, "", *_conclusion(mutants, seed)]


def data(mutants: Sequence[Tried], seed: int, source: str) -> dict[str, Any]:
    """The content of generated.json."""
    return {
        "format": FORMAT,
        "seed": seed,
        "source_hash": source,
        "exit_code": exit_code(mutants),
        "score": score(mutants).data(),
        "services": {name: score(group).data() for name, group in _groups(mutants, lambda one: one.edit.service).items()},
        "families": {name: score(group).data() for name, group in _groups(mutants, lambda one: one.edit.family).items()},
        "mutants": [_entry(one) for one in mutants],
    }


def _entry(one: Tried) -> dict[str, Any]:
    edit = one.edit
    place = {"name": edit.name, "file": edit.file, "line": edit.lines[0], "function": edit.scope, "family": edit.family}
    change = {"operator": edit.operator, "before": edit.before, "after": edit.after, "diff": list(one.diff)}
    attempt = msgspec.to_builtins(one.attempt) if one.attempt else {}
    return (
        place
        | change
        | {"listed": one.listed, "outcome": one.outcome, **{key: attempt.get(key) for key in ("killer", "message", "scenarios")}}
    )


def _story(one: Tried) -> list[str]:
    edit, attempt = one.edit, one.attempt
    mark = one.outcome.upper() if one.outcome in UNDETECTED else one.outcome
    note = f" ({one.listed})" if one.listed else ""
    story = [f"{mark}{note}  {edit.name}  {edit.file}:{edit.lines[0]}  {edit.scope}  {edit.family}: {edit.operator}"]
    story += [f"    {line}" for line in one.diff]
    if attempt and attempt.message:
        story.append(f"  {attempt.message}")
    return story + [f"  ran: {name}" for name in (attempt.scenarios if attempt else ())]


def _groups(mutants: Sequence[Tried], group: Callable[[Tried], str]) -> dict[str, list[Tried]]:
    return {name: [one for one in mutants if group(one) == name] for name in sorted({group(one) for one in mutants})}


def _table(title: str, mutants: Sequence[Tried], group: Callable[[Tried], str]) -> list[str]:
    groups = _groups(mutants, group)
    width = max((len(name) for name in groups), default=0)
    return [f"by {title}:", *(f"  {name:<{width}}  {score(members).sentence()}" for name, members in groups.items())]


def _equivalent(mutants: Sequence[Tried]) -> int:
    return sum(one.listed == "equivalent" for one in mutants)


def _conclusion(mutants: Sequence[Tried], seed: int) -> list[str]:
    code = exit_code(mutants)
    counts = {name: sum(one.outcome == name for one in mutants) for name in (*Outcome, NOT_TRIED)}
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    result = [f"{counted(len(mutants), 'generated mutant')}, seed {seed}: {', '.join(parts)}"]
    result.append(f"listed: {_equivalent(mutants)} equivalent, {sum(one.listed == 'outside' for one in mutants)} outside every requirement")
    if counts[Outcome.AT_START]:
        starting = [one for one in mutants if one.outcome != Outcome.AT_START]
        result.append(f"without those that keep a stack from starting: {score(starting).sentence()}")
    if _equivalent(mutants) > EQUIVALENT_SHARE * len(mutants):
        result.append(f"expected: at most {EQUIVALENT_SHARE:.0%} equivalent\nactual: {_equivalent(mutants)}\nnext: examine that list again")
    if counts[NOT_TRIED]:
        result.append("next: the same command continues with the mutants that were not tried")
    word = ("PROVEN", "GAPS", "NO VERDICT")[code]
    return [*result, f"{word}  {score(mutants).sentence()}, {len(unlisted(mutants))} in neither list (exit {code})"]
