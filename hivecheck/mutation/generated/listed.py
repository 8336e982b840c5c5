"""The two lists of known survivors, with a reason for each: equivalent mutants, and mutants outside every requirement."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hivecheck.errors import MutantError
from hivecheck.mutation.generated.edit import Edit, in_one_line
from hivecheck.mutation.mutant import LISTS

EQUIVALENT, OUTSIDE = LISTS


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One mutant of a list. `before` and `after` are whole lines; comments and line breaks do not count."""

    file: str
    function: str
    operator: str
    before: str
    after: str
    reason: str

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        return self.file, self.function, self.operator, in_one_line(self.before), in_one_line(self.after)


class _List(msgspec.Struct, forbid_unknown_fields=True):
    mutant: list[Entry] = []


@dataclass(frozen=True)
class Lists:
    """Both lists. An equivalent mutant leaves the score; one outside stays in it, and fails no run."""

    equivalent: tuple[Entry, ...] = ()
    outside: tuple[Entry, ...] = ()

    def is_equivalent(self, edit: Edit) -> bool:
        return any(entry.key == edit.key for entry in self.equivalent)

    def is_outside(self, edit: Edit) -> bool:
        return any(entry.key == edit.key for entry in self.outside)

    def unknown(self, edits: Sequence[Edit]) -> list[Entry]:
        """The entries that match no mutant of the present services."""
        keys = {edit.key for edit in edits}
        return [entry for entry in (*self.equivalent, *self.outside) if entry.key not in keys]


def load(folder: Path) -> Lists:
    """Both lists of a folder `mutants/`. A missing file is an empty list. Raises MutantError."""
    return Lists(_load(folder / EQUIVALENT), _load(folder / OUTSIDE))


def _load(path: Path) -> tuple[Entry, ...]:
    try:
        entries = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _List).mutant
    except FileNotFoundError:
        return ()
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MutantError(f"{path.name}: {error}; each [[mutant]] has: file, function, operator, before, after, reason") from None
    if nameless := next((entry for entry in entries if not entry.reason.strip()), None):
        raise MutantError(f"{path.name}: expected: a reason\nactual: none for {nameless.file} {nameless.function}\nnext: write it")
    return tuple(entries)
