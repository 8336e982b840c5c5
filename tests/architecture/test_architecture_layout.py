"""Sizes, names and places of files."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from pathlib import Path

from source_tree import ROOT, Function, functions, project_files, python_files, text_of, tree_of

FILE_LINES, FUNCTION_LINES = 350, 70
HOOK_LINES, SCRIPT_LINES = 60, 40
NAMELESS = {"util", "utils", "common", "helper", "helpers", "misc", "base", "tools"}
# The first one that exists would wipe what setup.cfg says (behave), or hide it (pytest, mypy, coverage).
OTHER_CONFIGS = {"behave.ini", ".behaverc", "tox.ini", "pytest.ini", ".pytest.ini", "mypy.ini", ".mypy.ini", ".coveragerc", ".importlinter"}
# Longer than this, a function is more than its name says.
UNDOCUMENTED_LINES = 6
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:home|Users|root|work)/(?!me\b)\w+")
PROGRAMS_INSIDE_NODES = "**/programs/*.py"
ALL_PYTHON = [*python_files(), "environment.py"]


def test_file_size() -> None:
    """No Python file exceeds the line limit."""
    lines = {name: len(text_of(name).splitlines()) for name in ALL_PYTHON}
    assert {name: count for name, count in lines.items() if count > FILE_LINES} == {}


def test_function_size() -> None:
    """No function exceeds the line limit."""
    assert {item.where: item.lines for name in ALL_PYTHON for item in functions(name) if item.lines > FUNCTION_LINES} == {}


def test_module_docstring() -> None:
    """Every module opens with a docstring."""
    assert [name for name in ALL_PYTHON if not ast.get_docstring(tree_of(name))] == []


def test_module_names() -> None:
    """No module or folder has a name without a meaning, such as util."""
    assert [name for name in ALL_PYTHON if Path(name).stem in NAMELESS or NAMELESS & set(Path(name).parts[:-1])] == []


def test_hooks_and_script_size() -> None:
    """The behave hooks and the start script stay small."""
    assert len(text_of("environment.py").splitlines()) <= HOOK_LINES
    assert len(text_of("run-integration-tests.sh").splitlines()) <= SCRIPT_LINES


def test_no_shadowing_package() -> None:
    """The folder docker/ is not a package, because it would shadow the Docker SDK, and tests are no packages."""
    assert [name for name in project_files() if name == "docker/__init__.py" or re.match(r"tests/.*__init__\.py", name)] == []


def test_test_module_names() -> None:
    """Base names of test modules are unique."""
    named = Counter(Path(name).name for name in python_files("tests") if Path(name).name != "conftest.py")
    assert [name for name, count in named.items() if count > 1] == []


def test_one_config_file() -> None:
    """No other file overrides setup.cfg."""
    assert sorted(OTHER_CONFIGS & {path.name for path in ROOT.iterdir()}) == []
    assert "[tool.pytest" not in text_of("pyproject.toml")


def test_the_one_sleep_is_in_waiting() -> None:
    """Only waiting.py is exempt from the ban of time.sleep by a noqa."""
    sleepers = [name for name in ALL_PYTHON if re.search(r"noqa: *TID251", text_of(name))]
    assert sleepers == ["hivecheck/waiting.py"]


def test_programs_inside_nodes_may_sleep() -> None:
    """Besides waiting.py only the folders programs/ are exempt from the ban of time.sleep: a node has no hivecheck.waiting."""
    ignores = tomllib.loads(text_of("pyproject.toml"))["tool"]["ruff"]["lint"]["per-file-ignores"]
    assert [pattern for pattern, rules in ignores.items() if {"TID251", "TID"} & set(rules)] == [PROGRAMS_INSIDE_NODES]


def test_no_machine_path() -> None:
    """No file contains an absolute path of one machine."""
    found = {}
    for name in project_files():
        data = (ROOT / name).read_bytes()
        text = "" if b"\0" in data else data.decode(errors="replace")
        if places := [*MACHINE_PATH.findall(text), *([str(ROOT)] if str(ROOT) in text else [])]:
            found[name] = places
    assert found == {}


def test_class_docstring() -> None:
    """Every public class of hivecheck has a docstring."""
    classes = [(name, node) for name in python_files("hivecheck") for node in tree_of(name).body if isinstance(node, ast.ClassDef)]
    assert [f"{name} {node.name}" for name, node in classes if not node.name.startswith("_") and not ast.get_docstring(node)] == []


def test_function_docstring() -> None:
    """Every public function of some length has a docstring."""
    explained = [item for name in python_files("hivecheck") for item in functions(name) if _must_be_explained(item)]
    assert [item.where for item in explained if not ast.get_docstring(item.node)] == []


def _must_be_explained(item: Function) -> bool:
    """A public function of some length. A method of a Protocol's implementation is explained at the Protocol."""
    is_public = not item.node.name.startswith("_") and not (item.owner or "").startswith("_")
    return is_public and item.lines > UNDOCUMENTED_LINES and item.node.name not in _protocol_methods()


def _protocol_methods() -> set[str]:
    places = ("hivecheck/platforms/platform.py", "hivecheck/reports/console.py", "hivecheck/faults/fault.py")
    return {item.node.name for place in places for item in functions(place)}


def test_acts_are_read_with_injections() -> None:
    """History.acts() holds the injections, too. A reader of the kind `act` alone would miss them."""
    assert [name for name in ALL_PYTHON if re.search(r'events\(\s*(kind=)?"act"', text_of(name))] == []
