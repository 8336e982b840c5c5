"""Rules for every check."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from hivecheck import checks
from hivecheck.verdict import Verdict

FOLDER = Path(checks.__file__).parent
SHARED = {"facts", "load_facts", "measured"}
FILES = sorted(path.relative_to(FOLDER) for path in FOLDER.glob("*/*.py") if path.stem not in SHARED | {"__init__"})


def checks_of(module: ModuleType) -> list[Callable[..., Verdict]]:
    """The public functions of the module that return a verdict."""
    functions = [value for name, value in inspect.getmembers(module, inspect.isfunction) if not name.startswith("_")]
    return [one for one in functions if one.__module__ == module.__name__ and one.__annotations__["return"] == "Verdict"]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_check_file(file: Path) -> None:
    """A file has a docstring and at least one check, and a file with one check is named like it."""
    module = importlib.import_module(".".join(["hivecheck", "checks", *file.with_suffix("").parts]))
    found = checks_of(module)
    assert module.__doc__ and found
    assert len(found) > 1 or found[0].__name__ == file.stem


@pytest.mark.parametrize("file", FILES, ids=str)
def test_check_has_a_docstring_and_tests(file: Path) -> None:
    """Each check has a docstring, and its file's tests call it for a pass, a failure and an inconclusive verdict."""
    module = importlib.import_module(".".join(["hivecheck", "checks", *file.with_suffix("").parts]))
    text = (Path(__file__).parent / f"test_check_{file.stem}.py").read_text(encoding="utf-8")
    for check in checks_of(module):
        assert check.__doc__, f"{check.__name__} has no docstring"
        assert called(ast.parse(text), check.__name__), f"no test calls {check.__name__}"
    assert all(answer in text for answer in ("PASSED", "FAILED", "INCONCLUSIVE"))


def called(tree: ast.Module, name: str) -> bool:
    """Whether a call of that function is in the source."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id == name for call in calls)
