"""SQLite refuses each corrupted file, and accepts the restored one with later writes."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hivecheck.errors import ClientError
from hivecheck.faults.database.corruption import (
    CORRUPTIONS,
    LOG,
    DatabaseCorruption,
    complaint_about,
    frames,
    restored,
    whole_frames,
    without_a_page,
    without_half_the_log,
    zeroed,
)
from hivecheck.faults.fault import FaultTarget


class KilledRegistry:
    """A stopped node with its files in `folder`."""

    name, service = "registry", "registry"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, name: str) -> Path:
        return self.folder / name

    def files(self, pattern: str) -> list[str]:
        return sorted(path.name for path in self.folder.glob(pattern))

    def read_file(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


OF_THE_DATABASE = [name for name, (_, ending, _) in CORRUPTIONS.items() if not ending]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO rows (body) VALUES (?)", [("x" * 500,)] * 50)
    return path


@pytest.mark.parametrize("name", OF_THE_DATABASE)
def test_sqlite_verdict(path: Path, name: str) -> None:
    """SQLite refuses the corrupted file and accepts the restored one."""
    sound = path.read_bytes()
    left = CORRUPTIONS[name][0](sound)
    assert complaint_about(sound) is None
    assert complaint_about(left)
    assert restored(left, sound, left) == sound


def test_log_of_killed_service(path: Path, tmp_path: Path) -> None:
    """The log that a killed service leaves hides no corruption: its pages count before those of the database."""
    node: Any = KilledRegistry(tmp_path / "killed")
    node.folder.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("VACUUM")  # writes every page to the log
        for ending in ("", LOG):
            shutil.copy(f"{path}{ending}", f"{node.folder}/registry.db{ending}")
    killed = FaultTarget("registry", node, 0, stack=None)  # type: ignore[arg-type]
    fault = DatabaseCorruption(zeroed)
    fault.inject(killed)
    assert "not a database" in str(fault.effect(killed))


def test_restore_keeps_later_writes(path: Path) -> None:
    """The restore keeps each block that the service has written since."""
    sound = path.read_bytes()
    left = bytes(len(sound))
    now = b"\x01" * 512 + left[512:]
    assert restored(now, sound, left) == now[:512] + sound[512:]


def test_log_truncation(path: Path) -> None:
    """The truncation removes half of the valid frames."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for number in range(1, 5):
            connection.execute("UPDATE rows SET body = 'y' WHERE id = ?", (number,))
        log = path.with_name(path.name + LOG).read_bytes()
    assert frames(log) == 4
    assert whole_frames(without_half_the_log(log)) == 2


@pytest.mark.parametrize("data", [b"", bytes(100), b"SQLite format 3\0" + bytes(200)])
def test_no_page(data: bytes) -> None:
    """A file without a page of a table is refused."""
    with pytest.raises(ClientError, match="no page"):
        without_a_page(data)


def test_empty_log() -> None:
    """The truncation leaves a log without frames unchanged."""
    assert without_half_the_log(b"") == b""
