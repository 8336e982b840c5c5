"""Which source is meant to run."""

from __future__ import annotations

from pathlib import Path

from hivecheck.settings import PROJECT_ROOT
from hivecheck.source_hash import source_hash
from services import source


def test_harness_and_services_agree_on_the_hash_of_the_services() -> None:
    assert source_hash(PROJECT_ROOT / "services") == source.source_hash()


def test_the_hash_changes_with_content_and_with_names_but_not_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1")
    first = source_hash(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    assert source_hash(tmp_path) == first
    (tmp_path / "a.py").write_text("x = 2")
    second = source_hash(tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({first, second, source_hash(tmp_path)}) == 3
