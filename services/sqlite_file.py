"""An SQLite file that may be damaged: looked over, moved aside, written anew as a whole. Knows nothing of what is in it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from services import logs

log = logging.getLogger("services.sqlite_file")

BUSY_SECONDS = 0.2  # its user waits in an event loop, and can try again later
JOURNALS = ("-wal", "-shm", "-journal")


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; the caller closes it. Makes the file when there is none.

    It does not wait for the disk: what was written survives a kill, and what a power cut damages is mended at the next start.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def damage(path: Path) -> str | None:
    """What is wrong with the file, in words; None when it is sound. Raises sqlite3.OperationalError when it cannot be looked at now.

    A file of no bytes is damaged, too: SQLite would take it for a new database, and `write_whole` never leaves one.
    """
    if not path.exists():
        return "the file is gone"
    if not path.stat().st_size:
        return "the file is empty"
    try:
        with closing(sqlite3.connect(f"file:{path.resolve()}?mode=ro", timeout=BUSY_SECONDS, uri=True)) as connection:
            verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    except sqlite3.OperationalError:  # locked, no descriptor left: nothing is wrong with the file itself
        raise
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if verdict == "ok" else f"integrity_check: {verdict}"


def move_aside(path: Path, reason: str) -> Path:
    """Rename the file to `<name>.damaged-<nanoseconds>`; the journals belong to it and must not be replayed into another."""
    aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    logs.event(log, "database_damaged", level=logging.ERROR, path=str(path), moved_to=str(aside), reason=reason)
    path.rename(aside)
    for suffix in JOURNALS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what is done within or, when that fails, nothing of it. For a connection in autocommit mode."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def write_whole(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """A new file with what `fill` puts into it: all of it or, when this is interrupted, none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with closing(connect(fresh)) as connection:
        fill(connection)
    fresh.replace(path)
