"""What is spoilt is spoilt for SQLite, too; what is mended is as before but for what was written since."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hivecheck.errors import ClientError
from hivecheck.faults.database.corruption import (
    DAMAGES,
    LOG,
    complaint_about,
    frames,
    mended,
    whole_frames,
    without_a_page,
    without_half_the_log,
)

OF_THE_FILE = [words for words, (_, beside, _) in DAMAGES.items() if not beside]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO rows (body) VALUES (?)", [("x" * 500,)] * 50)
    return path


@pytest.mark.parametrize("words", OF_THE_FILE)
def test_sqlite_refuses_what_was_spoilt_and_takes_what_was_mended(path: Path, words: str) -> None:
    sound = path.read_bytes()
    left = DAMAGES[words][0](sound)
    assert complaint_about(sound) is None
    assert complaint_about(left)
    assert mended(left, sound, left) == sound


def test_a_block_that_its_service_has_written_since_stays_as_it_is(path: Path) -> None:
    sound = path.read_bytes()
    left = bytes(len(sound))
    now = b"\x01" * 512 + left[512:]
    assert mended(now, sound, left) == now[:512] + sound[512:]


def test_half_of_the_frames_that_count_are_cut_off_the_log(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for number in range(1, 5):
            connection.execute("UPDATE rows SET body = 'y' WHERE id = ?", (number,))
        log = path.with_name(path.name + LOG).read_bytes()
    assert frames(log) == 4
    assert whole_frames(without_half_the_log(log)) == 2


@pytest.mark.parametrize("data", [b"", bytes(100), b"SQLite format 3\0" + bytes(200)])
def test_a_file_without_a_page_to_lose_is_no_target(data: bytes) -> None:
    with pytest.raises(ClientError, match="no page"):
        without_a_page(data)


def test_a_log_without_frames_stays_as_it_is() -> None:
    assert without_half_the_log(b"") == b""
