"""Every program that runs inside a node runs from its text alone: without hivecheck, site packages and slow imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hivecheck
from hivecheck.platforms.docker.docker_platform import PROCESSES, process_views
from hivecheck.platforms.node_program import python_command, shell_command

ROOT = Path(hivecheck.__file__).parent
PYTHON = sorted(path for path in ROOT.rglob("programs/*.py") if path.name != "__init__.py")
SHELL = sorted(ROOT.rglob("programs/*.sh"))
# Each takes less than 10 ms to import. pathlib, typing, dataclasses and subprocess take longer together than most programs run.
QUICK = {"__future__", "errno", "fcntl", "json", "os", "resource", "socket", "sqlite3", "struct", "sys", "time", "urllib"}
SECONDS = 20


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("program", PYTHON, ids=named)
def test_imports(program: Path) -> None:
    """A program imports only quick modules of the standard library."""
    nodes = [node for node in ast.walk(ast.parse(program.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= QUICK


@pytest.mark.parametrize("program", PYTHON, ids=named)
def test_runs_from_its_text(program: Path) -> None:
    """A program reaches its main function, and wrong arguments end it with an error and without output."""
    result = run(python_command(program, *["no-such-argument"] * 9, interpreter=sys.executable))
    assert result.returncode != 0 and result.stdout == ""
    assert "ImportError" not in result.stderr and "SyntaxError" not in result.stderr


def test_node_without_hivecheck() -> None:
    """The options of a program hide hivecheck, as in a node."""
    command = python_command(PYTHON[0])
    result = run([sys.executable, *command[1:4], "import hivecheck"])
    assert "ModuleNotFoundError" in result.stderr


def test_shell_programs_parse() -> None:
    """Each shell program is valid for a plain shell."""
    assert SHELL
    assert [named(path) for path in SHELL if run(["sh", "-n", str(path)]).returncode] == []


def test_processes() -> None:
    """The list of processes shows this process with its state and command line."""
    views = {view.pid: view for view in process_views(run(shell_command(PROCESSES)).stdout)}
    own = int(Path("/proc/self").resolve().name)
    assert views[own].state in "RS" and "python" in views[own].command
