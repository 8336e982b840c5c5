"""The tutorial: every block of docs/tutorial.md does what the page says, in a copy of the project with no other feature."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow

PAGE = PROJECT_ROOT / "docs" / "tutorial.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (features/\w+\.feature)\n")
LINKED = ("hivecheck", "services", "steps", "mutants", "setup.cfg", "environment.py", "run-integration-tests.sh", "pyproject.toml")
COMMAND_SECONDS = 150.0


def blocks() -> list[tuple[str, str]]:
    """Language and text of every fenced block, in the order of the page."""
    return FENCE.findall(PAGE.read_text(encoding="utf-8"))


def shows(output: str, excerpt: str) -> bool:
    """Whether the lines of the excerpt appear in the output in this order. `...` stands for any text, and spaces count once."""
    lines = iter(" ".join(line.split()) for line in output.splitlines())
    expected = [" ".join(line.split()) for line in excerpt.splitlines()]
    patterns = [re.escape(line).replace(re.escape("..."), ".*") for line in expected if line not in ("", "...")]
    return all(any(re.fullmatch(pattern, line) for line in lines) for pattern in patterns)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project without its features."""
    for name in LINKED:
        (tmp_path / name).symlink_to(PROJECT_ROOT / name)
    (tmp_path / "features").mkdir()
    return tmp_path


@pytest.mark.timeout(300)
def test_tutorial_runs_as_written(project: Path) -> None:
    """A reader who types every block in order sees what the page shows."""
    environment = {name: text for name, text in os.environ.items() if name != "CI" and not name.startswith("HIVECHECK_")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    output, commands = "", 0
    for language, text in blocks():
        if language == "gherkin":
            place = FILE.match(text)
            assert place, f"expected: a first line '# features/<name>.feature'\nactual: {text.splitlines()[0]}"
            (project / place[1]).write_text(text, encoding="utf-8")
        elif language == "sh":
            done = subprocess.run(
                ["sh", "-c", text], cwd=project, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
            )
            output, commands = done.stdout + done.stderr, commands + 1
        else:
            assert language == "text" and shows(output, text), f"expected:\n{text}\nactual:\n{output}"
    assert commands >= 3


@pytest.mark.parametrize(
    ("output", "excerpt", "is_shown"),
    [
        ("one\ntwo 2 s\nthree", "one\n...\nthree", True),
        ("one\ntwo   2 s\nthree", "two ... s", True),
        ("one\ntwo", "two\none", False),
        ("one", "one\ntwo", False),
    ],
)
def test_excerpt_is_matched_in_order(output: str, excerpt: str, is_shown: bool) -> None:
    """An excerpt matches the output only with all of its lines, in their order."""
    assert shows(output, excerpt) is is_shown
