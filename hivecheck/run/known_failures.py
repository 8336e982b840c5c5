"""The failures that a project knows: `known_failures.toml` in its root. An entry has a last day, so that no failure is known for ever."""

from __future__ import annotations

import datetime
import difflib
import tomllib
from collections.abc import Callable, Collection, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hivecheck.errors import UsageError
from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.reports.text import one_line
from hivecheck.wording import listed

Name = tuple[str, str]  # file and name of a scenario
Existing = Callable[[], AbstractSet[Name]]
FIELDS = ("scenario", "reason", "link", "expires")
ENTRY_NEEDED = f"[[failure]] with {listed(FIELDS)}"
DATE_NEEDED = "a date, such as expires = 2026-12-31"
SCENARIO_NEEDED = "the name of a scenario, or features/<file>.feature::<name>"
SEPARATOR = "::"  # between file and name, for a name that several files have


@dataclass(frozen=True)
class KnownFailure:
    """One entry. It holds until the end of the day `expires`."""

    scenario: str
    reason: str
    link: str
    expires: datetime.date

    def names(self, name: Name) -> bool:
        return self.scenario in (name[1], SEPARATOR.join(name))

    def words(self) -> str:
        return f"{self.reason} ({self.link}, until {self.expires})"


@dataclass(frozen=True)
class KnownFailures:
    """All entries of a file, judged as of `today`."""

    path: Path
    today: datetime.date
    entries: tuple[KnownFailure, ...] = ()

    def must_exist(self, plan: Iterable[Planned], existing: Existing) -> None:
        """Raise UsageError for an entry that names no scenario, or several. `existing` has those outside the plan too."""
        planned = {one.identity for one in plan}
        for entry in self.entries:
            found = [name for name in planned if entry.names(name)]
            if len(found) != 1:
                self._must_name_one(entry, existing() | planned)

    def judged(self, outcome: Outcome) -> Outcome:
        """The outcome, given what is known. Without an entry it stays as it is."""
        name = outcome.planned.identity
        entry = next((entry for entry in self.entries if entry.names(name)), None)
        if entry is None or outcome.status not in (Status.PASSED, Status.FAILED):
            return outcome
        if outcome.is_start_failure:
            return outcome  # the failure of a whole stack: an entry about one scenario must not hide it
        if self.today > entry.expires:
            note = f"known failure: its entry in {self.path.name} expired on {entry.expires}: {entry.reason} ({entry.link})"
            return noted(outcome, note) if outcome.status is Status.FAILED else outcome
        if outcome.status is Status.FAILED:
            detail = outcome.detail or outcome.message
            return replace(outcome, status=Status.KNOWN_FAILURE, message=f"known failure: {entry.words()}", detail=detail)
        expected = f"it fails, as {self.path.name} states: {entry.words()}"
        detail = f"expected: {expected}\nactual: it passed\nnext: remove its entry from {self.path.name}"
        return replace(outcome, status=Status.UNEXPECTED_PASS, message=f"expected: {expected}", detail=detail)

    def _must_name_one(self, entry: KnownFailure, existing: Collection[Name]) -> None:
        found = sorted(SEPARATOR.join(name) for name in existing if entry.names(name))
        if len(found) == 1:
            return
        near = difflib.get_close_matches(entry.scenario, [name for _, name in existing], n=1)
        next_step = f"give one of {listed(found)}" if found else "correct the name, or remove the entry"
        next_step = f"did you mean {near[0]!r}?" if near and not found else next_step
        actual = f"{entry.scenario!r} names {len(found) or 'none'}"
        raise _refusal(self.path, self.entries.index(entry) + 1, entry.scenario, SCENARIO_NEEDED, actual, next_step)


def load(path: Path, today: datetime.date) -> KnownFailures:
    """The entries of the file, none if it is missing. Raises UsageError with the file and the entry."""
    if not path.is_file():
        return KnownFailures(path, today)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # a TOMLDecodeError has the line
        raise UsageError(f"expected: a TOML file of {ENTRY_NEEDED}\nactual: {path}: {error}\nnext: correct that line") from error
    entries = content.get("failure", [])
    if set(content) - {"failure"} or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        actual = f"{path} has {listed(sorted(content))}"
        raise UsageError(f"expected: only entries {ENTRY_NEEDED}\nactual: {actual}\nnext: write each entry as [[failure]]")
    parsed = tuple(_entry(path, number, entry) for number, entry in enumerate(entries, start=1))
    for number, entry in enumerate(parsed, start=1):
        if any(other.scenario == entry.scenario for other in parsed[: number - 1]):
            raise _refusal(path, number, entry.scenario, "one entry for each scenario", "a second one", "remove one of the two")
    return KnownFailures(path, today, parsed)


def noted(outcome: Outcome, note: str) -> Outcome:
    """The outcome with a further line, once: an outcome may be judged again where several processes pass it on."""
    return outcome if note in outcome.notes else replace(outcome, notes=(*outcome.notes, note))


def _entry(path: Path, number: int, entry: dict[str, Any]) -> KnownFailure:
    name = entry.get("scenario", "")
    if wrong := sorted(set(FIELDS) ^ set(entry)):
        verb = "lacks" if wrong[0] in FIELDS else "has the unknown field"
        raise _refusal(path, number, name, ENTRY_NEEDED, f"the entry {verb} {wrong[0]}", "correct the entry")
    for field in FIELDS[:-1]:
        if not isinstance(entry[field], str) or not entry[field].strip():
            raise _refusal(path, number, name, f"a text for {field}", f"{field} = {entry[field]!r}", "correct the entry")
    texts = {field: one_line(entry[field]) for field in FIELDS[:-1]}
    return KnownFailure(**texts, expires=_date(path, number, name, entry["expires"]))


def _date(path: Path, number: int, name: str, value: object) -> datetime.date:
    # A datetime is a date in Python, and its time of day would be ignored.
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        return datetime.date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        shown = value if isinstance(value, str) else str(value)
        raise _refusal(path, number, name, DATE_NEEDED, f"expires = {shown!r}", "correct the date") from None


def _refusal(path: Path, number: int, name: object, expected: str, actual: str, next_step: str) -> UsageError:
    return UsageError(f"expected: {expected}\nactual: {path}, entry {number} ({name!r}): {actual}\nnext: {next_step}")
