"""What holds for every check."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest

from hivecheck import checks
from hivecheck.verdict import Verdict

FOLDER = Path(checks.__file__).parent
SHARED = {"facts", "measured"}
FILES = sorted(path.relative_to(FOLDER) for path in FOLDER.glob("*/*.py") if path.stem not in SHARED | {"__init__"})


@pytest.mark.parametrize("file", FILES, ids=str)
def test_check_file(file: Path) -> None:
    """A check is a function with the name of its file; its module docstring states the demand, and a test file bears its name."""
    module = importlib.import_module(".".join(["hivecheck", "checks", *file.with_suffix("").parts]))
    check: Callable[..., Verdict] = getattr(module, file.stem)
    assert check.__module__ == module.__name__ and check.__annotations__["return"] == "Verdict"
    assert module.__doc__
    assert (Path(__file__).parent / f"test_check_{file.stem}.py").is_file()
