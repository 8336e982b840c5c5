"""Every place where the project's words break a language rule: `python tests/architecture/language.py [AREA ...]` prints them.

An area is a package, a folder or a page, such as hivecheck/checks, features/chaos, mutants, README.md. Without one, all are read.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import language_rules as rules
from prose import GENERATED, Kind, Text, texts_of
from source_tree import project_files, text_of, tree_of

READ = re.compile(
    r"(hivecheck|services|steps|benchmarks)/.*\.py|environment\.py|features/.*\.feature|mutants/.*\.toml|(docs/.*|benchmarks/.*|[A-Z]+)\.md"
)
# Old decisions keep the words of their time, and a conformance table is the output of a run.
NOT_READ = re.compile(r"docs/adr/00(0\d|1[01])-.*|docs/conformance/(?!README).*")

ANY_TEXT: dict[str, Callable[[str], Iterator[rules.Finding]]] = {"reserved": rules.reserved_words, "old-word": rules.old_words}
PROSE_ONLY = {"sentence": rules.long_sentences, "semicolon": rules.semicolons}
RULES = (*ANY_TEXT, *PROSE_ONLY, "plural")


@dataclass(frozen=True)
class Violation:
    """One place that breaks one rule."""

    file: str
    line: int
    rule: str
    words: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {' '.join(self.words.split())} -> {self.new}"


@cache
def areas() -> dict[str, tuple[str, ...]]:
    """The files of each area. Two folders deep in hivecheck, services, features and docs, else one."""
    found: dict[str, list[str]] = {}
    for name in project_files():
        if READ.fullmatch(name) and not NOT_READ.fullmatch(name) and not text_of(name).startswith(GENERATED):
            found.setdefault(area_of(name), []).append(name)
    return {area: tuple(found[area]) for area in sorted(found)}


def area_of(name: str) -> str:
    top, *rest = name.split("/")
    is_nested = top in ("hivecheck", "services", "features", "docs") and len(rest) > 1
    return f"{top}/{rest[0]}" if is_nested else top


@cache
def violations_of(name: str) -> tuple[Violation, ...]:
    """All violations in one file, in the order of its lines."""
    found = [violation for text in texts_of(name) for violation in _in_text(text)]
    if name.endswith(".py"):
        found += [Violation(name, line, "plural", words, new) for line, words, new in rules.unchosen_plurals(tree_of(name))]
    return tuple(sorted(found, key=lambda violation: violation.line))


def violations(area: str, rule: str | None = None) -> list[Violation]:
    """The violations in an area, of one rule or of all."""
    return [violation for name in areas()[area] for violation in violations_of(name) if rule in (None, violation.rule)]


def _in_text(text: Text) -> Iterator[Violation]:
    detectors = ANY_TEXT | PROSE_ONLY if text.kind is Kind.PROSE else ANY_TEXT
    for rule, detect in detectors.items():
        yield from (Violation(text.file, text.line_at(offset), rule, words, new) for offset, words, new in detect(text.words))


def main(chosen: list[str]) -> int:
    """Print each violation, then how many there are by area and rule. Gives 1 if there is any."""
    if unknown := set(chosen) - set(areas()):
        print(f"no such area: {', '.join(sorted(unknown))}\nareas: {', '.join(areas())}", file=sys.stderr)  # noqa: T201
        return 2
    found = {area: violations(area) for area in chosen or areas()}
    lines = [str(violation) for each in found.values() for violation in each]
    table = [("area", *RULES, "all")]
    for area, those in [*found.items(), ("total", [violation for each in found.values() for violation in each])]:
        counts = Counter(violation.rule for violation in those)
        table.append((area, *(str(counts[rule]) for rule in RULES), str(len(those))))
    lines += ["", *(f"{row[0]:<26}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in table)]
    print("\n".join(lines))  # noqa: T201
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
