"""The registry of tags: what may stand behind an @ in a feature. A tag nobody knows would select nothing, so it is an error."""

from __future__ import annotations

import difflib
import fnmatch
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hivecheck.errors import TagError
from hivecheck.topologies import topology

REQUIREMENTS_FILE = Path(__file__).parent / "requirements.toml"

PLAIN_TAGS = {
    "integration": "Part of the acceptance run.",
    "fresh_stack": "Restarts or corrupts things: gets a stack of its own, which is taken down afterwards.",
    "chaos": "Strikes with faults while clients keep asking.",
    "slow": "Takes half a minute or more; `--tags 'not @slow'` leaves it out.",
    "P0": "Must work first.",
    "P1": "Important.",
    "P2": "Wanted.",
}
CAPABILITIES = (
    *("kill", "terminate", "pause", "restart", "logs", "files", "processes", "listeners", "exec", "sandbox"),
    *("container_pause", "memory", "cpu", "disk", "network", "stats", "packets"),
)
NO_TOPOLOGY = "none"


@dataclass(frozen=True)
class Requirement:
    """One line of what must be proven."""

    id: str
    priority: str
    text: str


def requirements(path: Path = REQUIREMENTS_FILE) -> dict[str, Requirement]:
    """Every requirement by its ID, in the order of the file."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Requirement(name, entry["priority"], entry["text"]) for name, entry in raw.items()}


def known_tags() -> frozenset[str]:
    """Every tag a feature may carry."""
    families = {f"topology.{name}" for name in [*topology.names(), NO_TOPOLOGY]} | {f"requires.{power}" for power in CAPABILITIES}
    return frozenset(PLAIN_TAGS) | frozenset(requirements()) | families


def must_be_known(tags: Iterable[str], where: str) -> None:
    """Raise TagError for the first tag that is not in the registry."""
    known = known_tags()
    for tag in tags:
        if tag not in known:
            near = difflib.get_close_matches(tag, known, n=1)
            hint = f" Did you mean @{near[0]}?" if near else ""
            raise TagError(f"{where}: there is no tag @{tag}.{hint} Tags are declared in hivecheck/tags.py and requirements.toml.")


def must_be_selectable(expression: str) -> None:
    """Raise TagError when a tag expression names a tag that cannot exist; patterns with * must match one that can."""
    if re.search(r"[~,]", expression):
        raise TagError(f"--tags {expression!r}: the old forms ~@x and @a,@b mean nothing here; write 'not @x' and '@a or @b'")
    known = known_tags()
    for word in re.findall(r"@?[\w.*\-]+", expression):
        name = word.removeprefix("@")
        if name in {"and", "or", "not"} or name in known or fnmatch.filter(known, name):
            continue
        must_be_known([name], f"--tags {expression!r}")


def topology_of(tags: Iterable[str]) -> str:
    """The topology a scenario asks for; its own tag wins over its feature's (tags come own ones last)."""
    asked = [tag.removeprefix("topology.") for tag in tags if tag.startswith("topology.")]
    return asked[-1] if asked else "default"


def capabilities_of(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(tag.removeprefix("requires.") for tag in tags if tag.startswith("requires.")))


def requirements_of(tags: Iterable[str]) -> tuple[str, ...]:
    known = requirements()
    return tuple(sorted(tag for tag in tags if tag in known))
