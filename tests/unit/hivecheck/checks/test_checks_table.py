"""Rules for every check."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
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


# A limit of measured seconds can always be exceeded. A limit of what reaches which worker, and how often, can not.
LIMIT = re.compile(r"\b(at most|no worker|none of|once|never|receives no|loses no|stays)\b")
MEASURED = re.compile(r"\bm?s\b|TTFT|p99|median")


@pytest.mark.parametrize("file", FILES, ids=str)
def test_limit_has_room(file: Path) -> None:
    """A check with a limit or a "never" in its failure first demands that the forbidden was possible, and a test holds that."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    limits = [words for words in demands(ast.parse(text)) if LIMIT.search(words) and not MEASURED.search(words)]
    test = (Path(__file__).parent / f"test_check_{file.stem}.py").read_text(encoding="utf-8")
    if limits:
        assert re.search(r"\bno_room\(|without_alternative\(", text), f"no room is demanded for {limits}"
        assert re.search(r"def test_\w+_no_room\(", test), f"no test of {file.stem} named test_*_no_room"


def test_limits_are_found() -> None:
    """The rule applies to at least a dozen checks."""
    trees = [ast.parse((FOLDER / file).read_text(encoding="utf-8")) for file in FILES]
    assert sum(any(LIMIT.search(words) and not MEASURED.search(words) for words in demands(tree)) for tree in trees) >= 12


def demands(tree: ast.Module) -> list[str]:
    """What the failures of a check say that they expected, with names in place of values."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failed"]
    return [ast.unparse(word.value) for call in calls for word in call.keywords if word.arg == "expected"]
