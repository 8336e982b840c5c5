"""The mutants that a change touches, and a sample of others, because a file name does not show every effect of a change."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from hivecheck.errors import MutantError
from hivecheck.mutation.mutant import Mutant
from hivecheck.wording import counted

GIT_NEEDED = "expected: git compares the working tree with the commit of --since"
_TAG = re.compile(r"@([A-Z]+-\d+)\b")


@dataclass(frozen=True)
class Drawn:
    """The names of the mutants to plant, and how many mutants of the change do not fit into the limit."""

    names: list[str]
    left_out: int = 0

    def sentence(self) -> str:
        """What was drawn, for a person; for a change that exceeds the limit."""
        whole = len(self.names) + self.left_out
        return f"The change touches {counted(whole, 'mutant')}. Drawn: {len(self.names)}. Leave --at-most out to plant all of them."


@dataclass(frozen=True)
class Change:
    """What differs from the commit `since`. The draw depends on the newest commit and the seed, so a repeated run draws the same."""

    root: Path
    since: str
    seed: int

    def mutants(self, known: Mapping[str, Mutant], sample: int, at_most: int | None) -> Drawn:
        """The touched mutants and `sample` others, `at_most` in all. Touched ones come first.

        Raises MutantError when git cannot compare.
        """
        affected = sorted(touched(self.root, known, changed(self.root, self.since)))
        limit = len(known) if at_most is None else at_most
        draw = random.Random(f"{git(self.root, 'rev-parse', 'HEAD')}:{self.seed}")
        kept = draw.sample(affected, min(limit, len(affected)))
        others = [name for name in known if name not in affected]
        added = draw.sample(others, min(sample, limit - len(kept), len(others)))
        return Drawn(sorted([*kept, *added]), len(affected) - len(kept))


def changed(root: Path, since: str) -> set[str]:
    """Files below `root` that differ from a commit, untracked ones included. Raises MutantError."""
    # With renames git names only the new path, and a mutant may still name the old one.
    known = git(root, "diff", "--relative", "--no-renames", "--name-only", since, "--", ".")
    return {*known.splitlines(), *git(root, "ls-files", "--others", "--exclude-standard").splitlines()}


def touched(root: Path, mutants: Mapping[str, Mutant], files: Collection[str]) -> set[str]:
    """The mutants that a changed file belongs to: the mutant's TOML file, the file that it mutates, or a feature with its requirements."""
    features = [root / name for name in files if name.endswith(".feature")]
    requirements = {tag for path in features if path.is_file() for tag in _TAG.findall(path.read_text(encoding="utf-8"))}
    return {
        name
        for name, mutant in mutants.items()
        if f"mutants/{name}.toml" in files or mutant.file in files or requirements.intersection(mutant.requirements)
    }


def git(root: Path, *arguments: str, instead: str = "name mutants, or leave --since out to plant all") -> str:
    """The output of a git command. Raises MutantError, with what to do `instead`."""
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        output = getattr(error, "stderr", None) or str(error)
        raise MutantError(f"{GIT_NEEDED}\nactual: {output.strip()}\nnext: {instead}") from None
