"""One generated mutant: a file, a place in it, and the text that replaces what is there."""

from __future__ import annotations

import difflib
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from hivecheck.errors import MutantError
from hivecheck.source_hash import source_hash

SHARED = "shared"  # the modules that every service imports
CONTEXT_LINES = 2
_COMMENT = re.compile(r"(?:^|\s)\s*# .*$")


@dataclass(frozen=True)
class Edit:
    """`start` and `end` are offsets in the text of `file`. `before` and `after` are the whole lines around them, without the indent.

    `lines` are the first and the last one of the changed text. `statement` is the line on which its statement begins.
    `ordinal` counts equal changes of one function.
    """

    file: str
    scope: str
    family: str
    operator: str
    start: int
    end: int
    replacement: str
    before: str
    after: str
    lines: tuple[int, int]
    statement: int
    ordinal: int = 1

    @property
    def service(self) -> str:
        """The folder below `services/`, or SHARED."""
        parts = self.file.split("/")
        return parts[1] if len(parts) > 2 else SHARED

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What identifies the mutant after its lines have moved. The same change twice in a function has one key."""
        return self.file, self.scope, self.operator, in_one_line(self.before), in_one_line(self.after)

    @property
    def name(self) -> str:
        """A short name from the key and the ordinal. It stays when other lines move."""
        digest = hashlib.sha256("\0".join((*self.key, str(self.ordinal))).encode()).hexdigest()[:8]
        return f"{self.service}-{Path(self.file).stem}-{digest}"

    def applied(self, text: str) -> str:
        return text[: self.start] + self.replacement + text[self.end :]

    def diff(self, text: str) -> list[str]:
        """The change as lines of a unified diff, without the names of files."""
        lines = difflib.unified_diff(text.splitlines(), self.applied(text).splitlines(), n=CONTEXT_LINES, lineterm="")
        return [line for line in lines if not line.startswith(("---", "+++"))]

    def plant(self, root: Path, target: Path, source: str) -> str:
        """Copy `services/` to `target` with the change in it; returns the hash that its nodes must report.

        Raises MutantError for services that no longer have the hash `source`, because the places of the edit are those of that state.
        """
        shutil.copytree(root / "services", target / "services", ignore=shutil.ignore_patterns("__pycache__"))
        if (actual := source_hash(target / "services")) != source:
            raise MutantError(
                f"expected: services/ with source hash {source}\nactual: {actual}\nnext: repeat the command, and edit no service"
            )
        path = target / self.file
        path.write_text(self.applied(path.read_text(encoding="utf-8")), encoding="utf-8")
        return source_hash(target / "services")


def in_one_line(text: str) -> str:
    """The text without comments and line breaks, as the lists of mutants quote it."""
    return " ".join(" ".join(_COMMENT.sub("", line) for line in text.splitlines()).split())
