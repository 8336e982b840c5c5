"""Which lines of requirements.lock the services need: the package's extra `services`, and everything that those pull in."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import metadata

from hivecheck.errors import ImageError
from hivecheck.images import docker_folder

COMPILE = (
    "uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header "
    "-o requirements.lock"
)


def of_services() -> str:
    """The locked requirements of services/, hashes included. Raises ImageError if setup.cfg and the lock do not fit."""
    # An installed package has no setup.cfg, so a checkout asks the metadata of its editable installation too.
    listed = metadata.requires("hivecheck") or []
    direct = [name for line in listed if (name := _of_extra("services", line))]
    return closure(docker_folder.file("requirements.lock").read_text(encoding="utf-8"), direct)


def closure(lock: str, direct: list[str]) -> str:
    """The blocks of a lock (as `uv pip compile` writes it, with its `# via` notes) that `direct` needs."""
    # A lock has no dependency graph. Its `# via` notes are one, turned around: each package names its parents.
    blocks = {_name(block): block for block in re.split(r"\n(?=\S)", lock.strip()) if re.match(r"[A-Za-z0-9]", block)}
    needs: dict[str, set[str]] = defaultdict(set)
    for name, block in blocks.items():
        notes = block.partition("# via")[2]
        for parent in re.findall(r"[A-Za-z0-9][\w.-]*", re.sub(r"\(.*?\)", "", notes)):
            needs[_normal(parent)].add(name)
    expected: set[str] = set()
    queue = [_normal(name) for name in direct]
    while queue:
        name = queue.pop()
        if name not in blocks:
            raise ImageError(f"requirements.lock should have {name}, which the services need. Compile it again: {COMPILE}")
        if name not in expected:
            expected.add(name)
            queue += needs[name]
    return "".join(f"{blocks[name].partition('    # via')[0].rstrip()}\n" for name in sorted(expected))


def _of_extra(extra: str, line: str) -> str:
    """The name in a line of the metadata, such as `PyJWT; extra == "services"`; empty for another extra or none."""
    requirement, _, marker = line.partition(";")
    return _name(requirement) if re.search(rf"""extra == ['"]{extra}['"]""", marker) else ""


def _name(block: str) -> str:
    return _normal(re.split(r"[^\w.-]", block, maxsplit=1)[0])


def _normal(name: str) -> str:
    # PEP 503: these spellings are one name.
    return re.sub(r"[-_.]+", "-", name).lower()
