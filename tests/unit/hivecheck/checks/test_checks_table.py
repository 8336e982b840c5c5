"""The table of checks."""

from __future__ import annotations

import sys
from pathlib import Path

from hivecheck import checks

FOLDER = Path(checks.__file__).parent


def test_every_file_in_the_folder_is_a_row_of_the_table_and_every_row_a_file() -> None:
    files = {path.stem for path in FOLDER.rglob("*.py")} - {"__init__", "facts", "measured"}
    assert {check.__module__.rpartition(".")[2]: name for name, check in checks.CHECKS.items()} == {
        stem: stem.replace("_", " ") for stem in files
    }


def test_every_check_has_a_test_file() -> None:
    own = Path(__file__).parent
    assert {f"test_check_{name.replace(' ', '_')}.py" for name in checks.CHECKS} == {path.name for path in own.glob("test_check_*.py")}


def test_every_check_says_in_its_first_line_what_it_demands() -> None:
    for name, check in checks.CHECKS.items():
        assert sys.modules[check.__module__].__doc__, name
