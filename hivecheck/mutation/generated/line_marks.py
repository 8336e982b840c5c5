"""Marks each line that a node of the services runs. Python imports it as `sitecustomize` from the overlay. Standard library only.

Each statement gets a store before it, `__hits__[offset] = 1`, when its module is imported. The files stay as they are, so the source hash
stays the same too. `__hits__` is a file in memory, which the harness reads and clears.
"""

import builtins
import json
import mmap
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "line-hits"
PACKAGE = "services"


class MarkingLoader(SourceFileLoader):
    """Compiles a module with marks. Python caches the result in `__pycache__`, so only the first node pays for it."""

    # typeshed declares the static method of the superclass, and CPython calls this one on the instance.
    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> Any:  # type: ignore[override]
        """The code of a module with a mark before each statement."""
        import ast

        relative = Path(os.fsdecode(path)).resolve().relative_to(FOLDER.parent).as_posix()
        base = json.loads((FOLDER / "table.json").read_text(encoding="utf-8"))[relative]
        tree = ast.parse(data)
        for node in list(ast.walk(tree)):
            for block in ("body", "orelse", "finalbody"):
                statements = getattr(node, block, None)
                if isinstance(statements, list):
                    setattr(node, block, _marked(ast, statements, base))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True, optimize=_optimize)


def _marked(ast: Any, statements: list[Any], base: int) -> list[Any]:
    marked: list[Any] = []
    for statement in statements:
        is_docstring = not marked and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        # An import has no operator, and `from __future__` must stay first.
        if not is_docstring and not isinstance(statement, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal):
            mark = ast.parse(f"__hits__[{base + statement.lineno}] = 1").body[0]
            for part in ast.walk(mark):
                ast.copy_location(part, statement)
            marked.append(mark)
        marked.append(statement)
    return marked


class MarkingFinder:
    """Finds the modules of the services, and leaves all others to Python."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Called by Python's import for each module."""
        if name != PACKAGE and not name.startswith(f"{PACKAGE}."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = MarkingLoader(spec.loader.name, spec.loader.path)
        return spec


def _shared(path: Path, size: int) -> mmap.mmap:
    """A file of this size in memory. Several processes may share it: its content stays when it has the size already."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.ftruncate(descriptor, size)
        return mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)


def _install() -> None:
    modules = [word.split(".")[1] for word in sys.orig_argv if word.startswith(f"{PACKAGE}.")]
    stack, node = os.environ.get("HIVECHECK_STACK"), os.environ.get("HIVECHECK_NODE")
    if modules and stack and node:
        size = json.loads((FOLDER / "table.json").read_text(encoding="utf-8"))[""]
        builtins.__dict__["__hits__"] = _shared(FOLDER / f"{stack}~{node}~{modules[0]}.marks", size)
        sys.meta_path.insert(0, MarkingFinder)


if __name__ == "sitecustomize":
    _install()
