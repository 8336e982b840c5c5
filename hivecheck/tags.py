"""The known tags of features. An unknown tag is an error."""

from __future__ import annotations

import difflib
import fnmatch
import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hivecheck.errors import TagError
from hivecheck.topologies import topology

REQUIREMENTS_FILE = Path(__file__).parent / "requirements.toml"

PLAIN_TAGS = {
    "integration": "Part of the acceptance run.",
    "fresh_stack": "Restarts or corrupts nodes, so the scenario gets a stack of its own.",
    "exclusive": "Measures time, or takes processor, memory or disk from the machine, so no other scenario runs beside it.",
    "chaos": "Injects faults while clients send requests.",
    "load": "Sends much load and judges figures of the whole of it.",
    "slow": "Takes half a minute or more. `--tags 'not @slow'` leaves it out.",
    "P0": "Must work first.",
    "P1": "Important.",
    "P2": "Desired.",
}
CAPABILITIES = (
    *("kill", "terminate", "pause", "restart", "logs", "files", "processes", "listeners", "exec", "sandbox"),
    *("container_pause", "memory", "cpu", "disk", "network", "stats", "packets"),
)
STANDINGS = ("must", "should", "own")  # a public standard, common practice, a habit of the reference
NO_TOPOLOGY = "none"
KNOWN_TAG = "a known tag"
DECLARE_NEXT = "declare the tag in hivecheck/tags.py or hivecheck/requirements.toml"
SELECT_NEXT = "see the tags in docs/settings.md"
TAG_EXPRESSION = "a tag expression with and, or, not"


@dataclass(frozen=True)
class Requirement:
    """One line of the requirements. `standing` says by what authority a gateway must fulfil it, `source` cites that of a must."""

    id: str
    priority: str
    text: str
    standing: str = "own"
    source: str = ""


@functools.cache
def requirements(path: Path = REQUIREMENTS_FILE) -> Mapping[str, Requirement]:
    """Every requirement by its ID, in the order of the file. Read once, because a plan asks for each scenario."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Requirement(id=name, **entry) for name, entry in raw.items()}


@functools.cache
def known_tags() -> frozenset[str]:
    """Every tag a feature may carry."""
    families = {f"topology.{name}" for name in [*topology.names(), NO_TOPOLOGY]} | {f"requires.{capability}" for capability in CAPABILITIES}
    return frozenset(PLAIN_TAGS) | frozenset(requirements()) | families


# behave ends with exit code 0 for a misspelt tag: 0 scenarios run, and nothing is proven.
def must_be_known(tags: Iterable[str], where: str, otherwise: str = DECLARE_NEXT) -> None:
    """Raise TagError for the first unknown tag. `otherwise` is the next step where no known tag is near."""
    known = known_tags()
    for tag in tags:
        if tag not in known:
            near = difflib.get_close_matches(tag, known, n=1)
            next_step = f"did you mean @{near[0]}?" if near else otherwise
            raise TagError(f"{where}\nexpected: {KNOWN_TAG}\nactual: @{tag}\nnext: {next_step}")


def must_be_selectable(expression: str) -> None:
    """Raise TagError for a tag expression with an unknown tag. A pattern with * must match a known one."""
    # behave's tag expressions take ~@x and @a,@b as literal names. Such a run selects nothing and passes.
    if re.search(r"[~,]", expression):
        next_step = "write 'not @x' for ~@x, and '@a or @b' for @a,@b"
        raise TagError(f"--tags {expression!r}\nexpected: {TAG_EXPRESSION}\nactual: ~ or a comma\nnext: {next_step}")
    known = known_tags()
    for word in re.findall(r"@?[\w.*\-]+", expression):
        name = word.removeprefix("@")
        if name in {"and", "or", "not"} or name in known or fnmatch.filter(known, name):
            continue
        must_be_known([name], f"--tags {expression!r}", SELECT_NEXT)


def topology_of(tags: Iterable[str]) -> str:
    """The topology of a scenario. Its own tag comes last and overrides that of its feature."""
    declared = [tag.removeprefix("topology.") for tag in tags if tag.startswith("topology.")]
    return declared[-1] if declared else "default"


def capabilities_of(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(tag.removeprefix("requires.") for tag in tags if tag.startswith("requires.")))


def requirements_of(tags: Iterable[str]) -> tuple[str, ...]:
    known = requirements()
    return tuple(sorted(tag for tag in tags if tag in known))
