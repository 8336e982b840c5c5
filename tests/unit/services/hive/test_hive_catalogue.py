"""The catalogue: its content after a restart, and after each kind of damage."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.hive import catalogue_file
from services.hive.catalogue import Catalogue
from services.hive.catalogue_file import PAGE_BYTES, Model

MODELS = [
    Model(model=name, size_bytes=1, sha256=f"{number:064x}", state="ready", path=f"/models/{name}")
    for number, name in enumerate(f"model-{number:03}" for number in range(40))
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A catalogue with forty models that are ready."""
    path = tmp_path / "catalogue.db"
    catalogue_file.write_whole(path, MODELS)
    return path


def opened(path: Path) -> Catalogue:
    kept = Catalogue(path)
    kept.open()
    return kept


def names(kept: Catalogue) -> list[str]:
    return [model.model for model in kept if model.state == "ready"]


ALL = [model.model for model in MODELS]


def test_put_survives_restart(path: Path) -> None:
    """A restarted hive reads the last state of each model."""
    kept = opened(path)
    kept.put(kept.find("model-007") or MODELS[0], state="failed", code="insufficient_storage", reason="full")
    again = opened(path)
    assert names(again) == [name for name in ALL if name != "model-007"]
    assert again.find("model-007") == kept.find("model-007")
    assert again.health()["status"] == "healthy"


def test_damaged_header(path: Path) -> None:
    """A damaged header loses no row."""
    path.write_bytes(b"\x5a" * 100 + path.read_bytes()[100:])
    kept = opened(path)
    assert names(kept) == ALL
    assert kept.health() == {"status": "healthy", "models": 40, "error": None, "moved_aside": kept.moved_aside}
    assert Path(kept.moved_aside or "").read_bytes()[:4] == b"ZZZZ"
    assert names(opened(path)) == ALL


@pytest.mark.parametrize("is_cut", [False, True])
def test_damaged_page(path: Path, is_cut: bool) -> None:
    """A damaged page or a truncated file loses only the rows on that page."""
    data = path.read_bytes()
    last = max(start for start in range(PAGE_BYTES, len(data), PAGE_BYTES) if data[start] == 0x0D)
    path.write_bytes(data[:last] + (b"" if is_cut else b"\x5a" * PAGE_BYTES + data[last + PAGE_BYTES :]))
    kept = names(opened(path))
    assert 20 < len(kept) < 40
    assert set(kept) < set(ALL)
    assert names(opened(path)) == kept


def test_changed_row_rejected(path: Path) -> None:
    """A row with a wrong checksum is not used."""
    path.write_bytes(path.read_bytes().replace(b"/models/model-030", b"/models/model-031"))
    assert names(opened(path)) == [name for name in ALL if name != "model-030"]


@pytest.mark.parametrize("rubbish", [b"\x5a" * 8192, b"", b"SQLite format 3\0" + b"\xff" * 5000])
def test_unreadable_file(path: Path, rubbish: bytes) -> None:
    """With an unreadable file the catalogue works from memory, reports `degraded` and keeps the file."""
    path.write_bytes(rubbish)
    kept = opened(path)
    assert kept.health()["status"] == "degraded"
    kept.put(MODELS[0], state="ready")
    kept.inspect()
    assert names(kept) == ["model-000"]
    assert kept.health()["status"] == "degraded"
    assert path.read_bytes() == rubbish


@pytest.mark.parametrize("rubbish", [b"\x5a" * 8192, b"", None])
def test_damage_while_open(path: Path, rubbish: bytes | None) -> None:
    """A file that is damaged or deleted while the hive runs is rewritten from memory."""
    kept = opened(path)
    path.unlink() if rubbish is None else path.write_bytes(rubbish)
    kept.inspect()
    assert kept.health()["status"] == "healthy"
    assert names(opened(path)) == ALL


def test_put_on_damaged_file(path: Path) -> None:
    """A put on a damaged file stores all models in the new file."""
    kept = opened(path)
    path.write_bytes(b"\x5a" * 8192)
    kept.put(Model(model="model-new", size_bytes=1, sha256="0" * 64), state="ready")
    assert names(opened(path)) == sorted([*ALL, "model-new"])


def test_put_while_locked(path: Path) -> None:
    """A change during a lock is stored after the lock is released."""
    kept = opened(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        kept.put(Model(model="model-new", size_bytes=1, sha256="0" * 64), state="ready")
        assert "locked" in (kept.error or "")
        assert "model-new" in names(kept)
        other.execute("ROLLBACK")
    kept.inspect()
    assert kept.error is None
    assert "model-new" in catalogue_file.read(path)


def test_locked_at_start(path: Path) -> None:
    """A catalogue that is locked at the start is read later and keeps all models."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        kept = opened(path)
        kept.put(Model(model="model-new", size_bytes=1, sha256="0" * 64), state="ready")
        assert (names(kept), kept.health()["status"]) == (["model-new"], "degraded")
        other.execute("ROLLBACK")
    kept.inspect()
    assert names(kept) == names(opened(path)) == sorted([*ALL, "model-new"])
