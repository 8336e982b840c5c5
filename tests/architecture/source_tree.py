"""The project's files, as the architecture tests look at them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = ("hivecheck", "services", "steps", "tests", "benchmarks")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """A function or method, and where it is."""

    file: str
    node: FunctionNode
    owner: str | None

    @property
    def where(self) -> str:
        return f"{self.file}:{self.node.lineno} {self.node.name}"

    @property
    def lines(self) -> int:
        """From `def` to the end; decorators are not counted."""
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1


@cache
def project_files() -> tuple[str, ...]:
    """What belongs to the project, relative to its root: tracked, or new and not ignored."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.splitlines()
    return tuple(sorted(name for name in set(listed) if (ROOT / name).is_file()))


def python_files(*folders: str) -> list[str]:
    """Python files of these top folders; of all of them when none is given."""
    return [name for name in project_files() if name.endswith(".py") and name.startswith(tuple(f"{folder}/" for folder in folders or CODE))]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(text_of(name), name)


def functions(name: str) -> Iterator[Function]:
    """Every function and method of a file that is not inside another function."""
    for node in tree_of(name).body:
        if isinstance(node, FunctionNode):
            yield Function(name, node, None)
        elif isinstance(node, ast.ClassDef):
            yield from (Function(name, item, node.name) for item in node.body if isinstance(item, FunctionNode))


def imported(name: str) -> set[str]:
    """Every module a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found
