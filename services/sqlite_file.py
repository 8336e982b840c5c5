"""Checks an SQLite file for damage, moves it aside and rewrites it as a whole. It does not interpret the content."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from services import logs

log = logging.getLogger("services.sqlite_file")

BUSY_SECONDS = 0.2  # Short, because the caller blocks an event loop. It can retry later.
JOURNALS = ("-wal", "-shm", "-journal")


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, which the caller closes. Creates the file if it is missing."""
    # Without fsync: written data survives a kill of the process, and the next start repairs what a power failure damages.
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def damage(path: Path) -> str | None:
    """A description of the file's damage, or None. Raises sqlite3.OperationalError if the file cannot be checked now."""
    if not path.exists():
        return "the file is missing"
    # SQLite opens an empty file as a new database, but `write_whole` never leaves one.
    if not path.stat().st_size:
        return "the file is empty"
    try:
        with closing(sqlite3.connect(f"file:{path.resolve()}?mode=ro", timeout=BUSY_SECONDS, uri=True)) as connection:
            verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.OperationalError:  # Locked, or no descriptor left. The file itself is intact.
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if verdict == "ok" else f"integrity_check: {verdict}"


def move_aside(path: Path, reason: str) -> Path:
    """Rename the file to `<name>.damaged-<nanoseconds>` and delete its journals."""
    # SQLite would replay a remaining journal into the next file of this name.
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    logs.event(log, "database_damaged", level=logging.ERROR, path=str(path), moved_to=str(aside), reason=reason)
    path.rename(aside)
    for suffix in JOURNALS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction on a connection in autocommit mode. Rolls back on any exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def write_whole(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Write a new file with the content from `fill`, and replace the old one atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with closing(connect(fresh)) as connection:
        fill(connection)
    fresh.replace(path)
