"""A planted defect: data from `mutants/<service>/*.toml`, applied to a copy of `services/`. Reads source as text and never imports it."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from hivecheck.errors import MutantError
from hivecheck.source_hash import source_hash
from hivecheck.tags import requirements

LISTS = ("equivalent.toml", "outside.toml")  # of generated mutants (generated/listed.py)

# A defect at the edge of a requirement leaves its main behaviour right. CONTRIBUTING has the house rule of each kind.
Edge = Literal[
    "at rest",
    "no room for the forbidden",
    "one end of an interval",
    "degenerate data",
    "enumeration",
    "state and way out",
    "correlated faults",
    "one change per outage",
    "first request of a connection",
    "shape",
    "promise in a When",
    "neighbour",
]


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name` is `<service>/<component>-<defect>`. `what` describes the defect in one sentence.

    `before` occurs exactly once in `file` and becomes `after`. A scenario of each requirement in `requirements` must fail.
    `edge` is the kind of a defect at the edge of its requirement. Without a kind, a whole behaviour is wrong.
    `platform` names the only platform that can reveal the defect; empty means each platform.
    """

    name: str
    what: str
    file: str
    before: str
    after: str
    requirements: tuple[str, ...]
    platform: Literal["", "docker"] = ""
    edge: Edge | Literal[""] = ""


def load_all(folder: Path) -> dict[str, Mutant]:
    """Every mutant by name. Raises MutantError for a malformed file, and for one that lies in no folder of a service."""
    if misplaced := sorted(path for path in folder.glob("*.toml") if path.name not in LISTS):
        raise MutantError(
            f"expected: mutants/<service>/<component>-<defect>.toml\nactual: {misplaced[0].name}\nnext: move it into a folder"
        )
    mutants = [load(path) for path in sorted(folder.glob("*/*.toml"))]
    return {mutant.name: mutant for mutant in mutants}


def load(path: Path) -> Mutant:
    """One mutant, named after its folder and file. Raises MutantError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        mutant = msgspec.convert({"name": f"{path.parent.name}/{path.stem}"} | raw, Mutant)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise MutantError(f"{path.name}: {error}; accepted: what, file, before, after, requirements, platform, edge") from None
    if unknown := set(mutant.requirements) - set(requirements()):
        raise MutantError(f"{path.name}: there is no requirement {sorted(unknown)[0]}")
    if not mutant.requirements:
        raise MutantError(f"{path.name}: name at least one requirement that must fail")
    return mutant


def plant(mutant: Mutant, source: Path, target: Path) -> str:
    """Copy `source`/services to `target`/services with the defect in it; returns the hash that its nodes must report.

    Raises MutantError unless `before` occurs exactly once in the file and the result is Python.
    """
    shutil.copytree(source / "services", target / "services", ignore=shutil.ignore_patterns("__pycache__"))
    path = target / mutant.file
    if not path.is_file():
        raise MutantError(f"{mutant.name}: there is no file {mutant.file}")
    text = path.read_text(encoding="utf-8")
    count = text.count(mutant.before)
    if count != 1:
        raise MutantError(f"{mutant.name}: expected `before` exactly once in {mutant.file}, actual count: {count}")
    changed = text.replace(mutant.before, mutant.after)
    try:
        # A file that does not compile fails every scenario at the start, and that proves nothing.
        compile(changed, mutant.file, "exec")
    except SyntaxError as error:
        raise MutantError(f"{mutant.name}: {mutant.file} with `after` is not valid Python: {error}") from None
    path.write_text(changed, encoding="utf-8")
    return source_hash(target / "services")
