"""The writer detects a lost or damaged database without a change to store, and restores its content."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hivecheck.waiting import eventually
from services import wire
from services.registry.store import Writer, load
from services.registry.table import Entry

SECONDS = 10.0


def entry(identifier: str) -> Entry:
    registration = wire.Registration(id=identifier, kind="worker", url="http://a:1", epoch=1)
    return Entry(registration=registration, status="online", registered_at=1.0, heartbeat_at=2.0, leased_at=3.0)


def until(condition: Callable[[], bool]) -> None:
    eventually(condition, within=SECONDS, what="the writer reached the expected state")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    """A running writer that has stored w1."""
    made = Writer(path, load(path).instance)
    made.start()
    made.put({"w1": entry("w1")}, 1)
    until(lambda: load(path).entries == (entry("w1"),))
    yield made
    made.stop(5)


def detected(writer: Writer) -> Callable[[], bool]:
    """Checks the file on each call, as the registry does at every sweep."""

    def check() -> bool:
        writer.check_file()
        return writer.database_errors > 0

    return check


def test_lock(path: Path, writer: Writer) -> None:
    """A lock is detected without a change, and queued changes are stored afterwards."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        until(detected(writer))
        assert "locked" in str(writer.error)
        writer.put({"w2": entry("w2"), "w1": None}, 2)
        until(lambda: writer.pending() == 2)
        other.execute("ROLLBACK")
    until(lambda: writer.error is None and writer.pending() == 0)
    assert load(path).entries == (entry("w2"),)


def test_replaced_file(path: Path, writer: Writer) -> None:
    """A foreign file at the path is detected, and gets exactly the known entries."""
    other = path.with_name("other.db")
    stranger = Writer(other, load(path).instance)
    stranger.start()
    stranger.put({"stranger": entry("stranger")}, 9)
    stranger.stop(5)
    other.replace(path)
    until(detected(writer))
    until(lambda: writer.error is None)
    assert load(path).entries == (entry("w1"),)


def test_deleted_file(path: Path, writer: Writer) -> None:
    """A deleted file is created again."""
    path.unlink()
    until(detected(writer))
    until(lambda: writer.error is None)
    assert load(path).entries == (entry("w1"),)


def test_garbage_file(path: Path, writer: Writer) -> None:
    """Garbage at the path is moved aside."""
    rubbish = path.with_name("rubbish")
    rubbish.write_bytes(b"no database " * 1000)
    rubbish.replace(path)
    until(detected(writer))
    until(lambda: writer.error is None)
    assert load(path).entries == (entry("w1"),)
    assert [moved.read_bytes()[:11] for moved in path.parent.glob("registry.db.damaged-*")] == [b"no database"]
