"""Which mutants a change touches, and some more for what no file name shows."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from hivecheck.errors import MutantError
from hivecheck.mutation.mutant import Mutant

_TAG = re.compile(r"@([A-Z]+-\d+)\b")


def chosen(root: Path, mutants: Mapping[str, Mutant], since: str, also: int) -> list[str]:
    """Names of the mutants that the change since a commit touches, and of `also` others, drawn anew for each commit.

    Raises MutantError when git cannot tell what changed.
    """
    there = touched(root, mutants, changed(root, since))
    others = [name for name in mutants if name not in there]
    drawn = random.Random(_git(root, "rev-parse", "HEAD")).sample(others, min(also, len(others)))
    return sorted({*there, *drawn})


def changed(root: Path, since: str) -> set[str]:
    """Files below `root` that differ from a commit, those that git does not know yet included. Raises MutantError."""
    known = _git(root, "diff", "--relative", "--no-renames", "--name-only", since, "--", ".")
    return {*known.splitlines(), *_git(root, "ls-files", "--others", "--exclude-standard").splitlines()}


def touched(root: Path, mutants: Mapping[str, Mutant], files: Collection[str]) -> set[str]:
    """The mutants whose description, whose mutated file, or a feature of whose requirements is among the files."""
    features = [root / name for name in files if name.endswith(".feature")]
    requirements = {tag for path in features if path.is_file() for tag in _TAG.findall(path.read_text(encoding="utf-8"))}
    return {
        name
        for name, mutant in mutants.items()
        if f"mutants/{name}.toml" in files or mutant.file in files or requirements.intersection(mutant.requirements)
    }


def _git(root: Path, *arguments: str) -> str:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        raise MutantError(f"git cannot tell what changed: {said.strip()}; name mutants, or leave --since out to prove all.") from None
