"""The table of operators by family, and all mutants that they make of the services."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from hivecheck.mutation.generated import expressions, statements
from hivecheck.mutation.generated.edit import Edit
from hivecheck.mutation.generated.expressions import Change
from hivecheck.mutation.generated.source import Source, fingerprint

Operator = Callable[[Source], Iterator[Change]]

FAULT_SOURCE = "model_hub"
FAMILIES: dict[str, tuple[Operator, ...]] = {
    "boundary": (expressions.boundaries,),
    "off by one": (expressions.numbers_beside, expressions.sums),
    "negated condition": (expressions.opposites, expressions.negations, expressions.connectives),
    "dropped call": (statements.dropped_calls, statements.deletions),
    "swapped argument": (expressions.arguments,),
    "changed constant": (expressions.constants, expressions.defaults),
    "early return": (statements.early_returns, statements.first_only),
    "swallowed exception": (statements.swallowed, statements.unhandled),
    "removed branch": (statements.removed_branches,),
    "stale value": (statements.stale_names, statements.stale_attributes),
    "wrong key": (expressions.keys,),
}


def of_services(root: Path) -> list[Edit]:
    """Every edit of `services/`, in the order of files and places. `is_mutant` tells which ones are a mutant.

    Without the model hub: it is a source of faults as the harness is, and scenarios with a broken source have no verdict.
    """
    paths = sorted(path for path in (root / "services").rglob("*.py") if FAULT_SOURCE not in path.parts)
    return [edit for path in paths for edit in of_text(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))]


def of_text(file: str, text: str) -> list[Edit]:
    """The edits of one file. Two equal changes in one function have different ordinals."""
    found = sorted(_edits(Source(file, text)), key=lambda edit: (edit.start, edit.end, edit.operator, edit.replacement))
    counts: Counter[tuple[str, ...]] = Counter()
    numbered = []
    for edit in found:
        counts[edit.key] += 1
        numbered.append(replace(edit, ordinal=counts[edit.key]))
    return numbered


def is_mutant(edit: Edit, text: str) -> bool:
    """Whether the changed text compiles, and differs from `text` in its bytecode."""
    try:
        return fingerprint(edit.applied(text), edit.file) != fingerprint(text, edit.file)
    except (SyntaxError, ValueError):
        return False  # for example a `continue` that has lost its loop


def _edits(source: Source) -> Iterable[Edit]:
    for family, operators in FAMILIES.items():
        for operator in operators:
            for node, start, end, replacement in operator(source):
                yield _edit(source, family, operator.__name__, (node, start, end, replacement))


def _edit(source: Source, family: str, operator: str, change: Change) -> Edit:
    node, start, end, replacement = change
    # Whole lines, because `<` alone shows a person nothing, and identifies nothing in a list.
    first = source.text.rfind("\n", 0, start) + 1
    last = (source.text + "\n").index("\n", end)
    before = source.text[first:last].strip()
    after = (source.text[first:start] + replacement + source.text[end:last]).strip()
    lines = source.text.count("\n", 0, start) + 1, source.text.count("\n", 0, end) + 1
    return Edit(
        source.file, source.scope(node), family, operator, start, end, replacement, before, after, lines, source.statement(node).lineno
    )
