"""The seeded draw of mutants, stratified over families and services, and the lines that a change touches."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from hivecheck.mutation.affected import git
from hivecheck.mutation.generated.edit import Edit

WITHOUT_SINCE = "leave --since out to draw from every line"
_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")


def drawn(edits: Sequence[Edit], count: int, seed: int, is_mutant: Callable[[Edit], bool]) -> list[Edit]:
    """`count` mutants: as many of each family, and of a family in the proportion of the services. The order is that of the draw.

    A larger count of the same seed adds mutants to those of a smaller one.
    """
    draw = random.Random(seed)
    families = sorted({edit.family for edit in edits})
    draw.shuffle(families)
    queues = [_by_service([edit for edit in edits if edit.family == family], draw) for family in families]
    found: list[Edit] = []
    while queues and len(found) < count:
        for queue in list(queues):
            edit = next((edit for edit in queue if is_mutant(edit)), None)
            if edit is None:
                queues.remove(queue)
            elif len(found) < count:
                found.append(edit)
    return found


def touching(edits: Sequence[Edit], changed: Mapping[str, set[int]]) -> list[Edit]:
    """The edits on changed lines: of their own text, or of the beginning of their statement."""
    return [
        edit for edit in edits if changed.get(edit.file, set()).intersection((*range(edit.lines[0], edit.lines[1] + 1), edit.statement))
    ]


def changed_lines(root: Path, since: str) -> dict[str, set[int]]:
    """The lines of `services/` that differ from a commit, by file; each line of an untracked file. Raises MutantError."""
    options = ["--relative", "--no-renames", "--no-color", "--no-ext-diff", "--unified=0"]
    changed = parse(git(root, "diff", *options, since, "--", "services", instead=WITHOUT_SINCE))
    for name in git(root, "ls-files", "--others", "--exclude-standard", "--", "services", instead=WITHOUT_SINCE).splitlines():
        if name.endswith(".py"):
            changed[name] = set(range(1, len((root / name).read_text(encoding="utf-8").splitlines()) + 1))
    return changed


def parse(diff: str) -> dict[str, set[int]]:
    """The new lines of a unified diff without context, by file. A removed line counts as the line before it. Pure."""
    changed: dict[str, set[int]] = {}
    file = ""
    for line in diff.splitlines():
        if line.startswith("+++ "):
            file = line.removeprefix("+++ ").removeprefix("b/")
        elif found := _HUNK.match(line):
            start, count = int(found[1]), int(found[2] or 1)
            changed.setdefault(file, set()).update(range(start, start + max(count, 1)))
    return {name: lines for name, lines in changed.items() if name.endswith(".py")}


def _by_service(edits: Sequence[Edit], draw: random.Random) -> Iterator[Edit]:
    """The edits in a random order in which each service comes in proportion to its edits (method of Sainte-Laguë)."""
    queues: dict[str, list[Edit]] = {}
    for edit in edits:
        queues.setdefault(edit.service, []).append(edit)
    sizes = {service: len(queue) for service, queue in queues.items()}
    for service in sorted(queues):
        draw.shuffle(queues[service])
    # An offset for each service, or the largest one would come first in each family and the smallest would never come.
    offsets = {service: draw.random() for service in sorted(queues)}
    taken: Counter[str] = Counter()
    while queues:
        service = max(queues, key=lambda name: sizes[name] / (taken[name] + offsets[name]))
        taken[service] += 1
        yield queues[service].pop()
        if not queues[service]:
            del queues[service]
