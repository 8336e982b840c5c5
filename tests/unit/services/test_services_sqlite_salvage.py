"""Rows of a damaged SQLite file, and the check, move and rewrite of a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services import sqlite_file, sqlite_salvage

PAGE_BYTES = 1024
ROWS = [(f"name-{number}", number - 50, number / 8, None, b"\0\xff" * (number % 40), "ü" * (number % 30)) for number in range(200)]


def fill(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("CREATE TABLE things (a TEXT, b INTEGER, c REAL, d TEXT, e BLOB, f TEXT)")
    connection.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?)", ROWS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    sqlite_file.write_whole(tmp_path / "deep" / "things.db", fill)
    return tmp_path / "deep" / "things.db"


def things(data: bytes) -> list[sqlite_salvage.Row]:
    found = [row for row in sqlite_salvage.rows(data, PAGE_BYTES) if str(row[0]).startswith("name-")]
    return sorted(found, key=lambda row: int(str(row[1])))


def test_intact_file(path: Path) -> None:
    """Every row of an intact file is read like SQLite reads it."""
    with closing(sqlite3.connect(path)) as connection:
        assert things(path.read_bytes()) == connection.execute("SELECT * FROM things ORDER BY b").fetchall() == ROWS


def test_without_header_and_tree(path: Path) -> None:
    """The rows are readable without header and tree."""
    data = bytearray(path.read_bytes())
    data[:PAGE_BYTES] = b"\x5a" * PAGE_BYTES  # header and list of tables
    for start in range(PAGE_BYTES, len(data), PAGE_BYTES):
        if data[start] != sqlite_salvage.LEAF_OF_A_TABLE:
            data[start : start + PAGE_BYTES] = b"\xff" * PAGE_BYTES
    assert things(bytes(data)) == ROWS


@pytest.mark.parametrize("seed", range(20))
def test_damage_loses_only_its_page(path: Path, seed: int) -> None:
    """Damage never raises, and loses only its own page."""
    import random

    draw, data = random.Random(seed), bytearray(path.read_bytes())
    injected = draw.randrange(2, len(data) // PAGE_BYTES)
    data[injected * PAGE_BYTES : (injected + 1) * PAGE_BYTES] = draw.randbytes(PAGE_BYTES)
    cut = bytes(data)[: draw.randrange(injected * PAGE_BYTES, len(data))]
    before = things(path.read_bytes()[: injected * PAGE_BYTES])
    found = list(sqlite_salvage.rows(cut, PAGE_BYTES))
    assert before and all(row in found for row in before)


def test_damage_detection(path: Path) -> None:
    """Damaged, truncated, empty and missing files are detected."""
    assert sqlite_file.damage(path) is None
    data = path.read_bytes()
    for damaged in (b"\x5a" * 100 + data[100:], data[: len(data) // 2], b"\x5a" * len(data), b""):
        path.write_bytes(damaged)
        assert sqlite_file.damage(path)
    path.unlink()
    assert sqlite_file.damage(path) == "the file is missing"


def test_move_aside(path: Path) -> None:
    """A moved file keeps its bytes and loses its journals."""
    data = path.read_bytes()
    journal = path.with_name(path.name + "-journal")
    journal.write_bytes(b"old")
    aside = sqlite_file.move_aside(path, "for the test")
    assert aside.read_bytes() == data
    assert not path.exists()
    assert not journal.exists()


def test_failed_rewrite_keeps_file(path: Path) -> None:
    """A failed rewrite keeps the old file."""
    data = path.read_bytes()

    def fail(connection: sqlite3.Connection) -> None:
        fill(connection)
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        sqlite_file.write_whole(path, fail)
    assert path.read_bytes() == data
