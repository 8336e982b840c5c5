"""Which source is meant to run."""

from __future__ import annotations

from pathlib import Path

from hivecheck.settings import PROJECT_ROOT
from hivecheck.source_hash import source_hash
from services import source


def test_hash_agrees() -> None:
    """Harness and services compute the same hash."""
    assert source_hash(PROJECT_ROOT / "services") == source.source_hash()


def test_hash_inputs(tmp_path: Path) -> None:
    """The hash depends on content and names of source files, and on no other file."""
    (tmp_path / "a.py").write_text("x = 1")
    first = source_hash(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    assert source_hash(tmp_path) == first
    (tmp_path / "a.py").write_text("x = 2")
    second = source_hash(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, source_hash(tmp_path)}) == 3
