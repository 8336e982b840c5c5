"""Stores the registry's entries, revision and instance id in SQLite, so they survive a restart. Reads come from memory."""

from __future__ import annotations

import logging
import sqlite3
import threading
import uuid
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from services import logs, sqlite_file
from services.registry.table import Entry

log = logging.getLogger("services.registry.store")

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (id TEXT PRIMARY KEY, body BLOB NOT NULL);
"""

# If the file was unreadable at the start, the registry runs as a new instance. Entries of another instance are outdated then.
FORGET_OTHER_INSTANCE = "DELETE FROM entries WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'instance' AND value = ?)"

# A killed registry may have published revisions that it had not stored yet. The gap keeps a restart from using them again.
REVISION_GAP = 1000
RETRY_SECONDS = 0.25
BUSY_SECONDS = 0.1


@dataclass(frozen=True)
class Stored:
    """The content of the database at the start. A new `instance` means that all earlier data is lost.

    `moved_aside` is the new path of a damaged database. The registry serves none of its entries.
    """

    instance: str
    revision: int
    entries: tuple[Entry, ...]
    moved_aside: str | None = None


def load(path: Path) -> Stored:
    """Read the database. A damaged one is moved aside and replaced with an empty one. Never raises for a damaged database."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _load_or_begin(path)
    except (sqlite3.Error, OSError) as error:
        logs.event(log, "database_unavailable", level=logging.ERROR, path=str(path), error=str(error))
        return Stored(uuid.uuid4().hex, 0, ())


def _load_or_begin(path: Path) -> Stored:
    try:
        with closing(_open(path)) as connection:
            return _read(connection)
    except sqlite3.OperationalError:  # Locked, read-only or no space. The file itself is intact.
        raise
    except (sqlite3.DatabaseError, ValueError) as error:
        aside = sqlite_file.move_aside(path, str(error))
    with closing(_open(path)) as connection:
        return replace(_read(connection), moved_aside=str(aside))


class Writer:
    """Writes changes in its own thread, so that a slow disk never delays a heartbeat. The latest state of an id wins.

    It keeps a copy of all stored entries. From this copy it refills a file that was replaced or damaged while the registry runs.
    """

    def __init__(self, path: Path, instance: str, entries: Iterable[Entry] = (), revision: int | None = None) -> None:
        self.error: str | None = None
        self.database_errors = 0  # how often the database was found locked, unwritable, replaced or damaged
        self._path = path
        self._instance = instance
        self._wake = threading.Condition()
        self._whole: dict[str, Entry] = {entry.registration.id: entry for entry in entries}
        self._pending: dict[str, Entry | None] = {}
        self._writing: dict[str, Entry | None] = {}  # taken from the queue, not stored yet
        self._revision = revision
        self._is_check_due = False
        self._is_stopping = False
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of the open file
        self._thread = threading.Thread(target=self._run, name="registry-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, changed: Mapping[str, Entry | None], revision: int) -> None:
        """Queue changes and return at once."""
        with self._wake:
            self._pending.update(changed)
            self._revision = revision
            self._wake.notify()

    def check_file(self) -> None:
        """Write to the database even without a change, to detect a lost file. Returns at once."""
        with self._wake:
            self._is_check_due = True
            self._wake.notify()

    def pending(self) -> int:
        """Changes that are not stored yet."""
        with self._wake:
            return len({**self._writing, **self._pending})

    def stop(self, seconds: float) -> None:
        """Write the queued changes and end the thread, within `seconds`."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        while batch := self._next():
            changed, revision, is_last = batch
            try:
                self._store(changed, revision)
                self._writing = {}
                self._settle(None)
            except (sqlite3.Error, OSError) as error:
                self._put_back(changed, str(error))
                self._close()
                if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                    self._replace_damaged(str(error))
            if is_last:
                break
        self._close()

    def _store(self, changed: Mapping[str, Entry | None], revision: int | None) -> None:
        if self._connection and _identity(self._path) != self._file:
            # Close first: SQLite removes the journals by name, and the journals of the new file have the same names.
            self._close()
            self._settle("another file is in its place")
        if not self._connection:
            self._connection = _open(self._path)
            if self._file:  # The content may differ now: a new file can even have the inode number of the old one.
                changed = {**dict.fromkeys(_ids(self._connection)), **self._whole, **changed}
            self._file = _identity(self._path)
        _write(self._connection, changed, revision, self._instance)
        for key, entry in changed.items():
            if entry is None:
                self._whole.pop(key, None)
            else:
                self._whole[key] = entry

    def _replace_damaged(self, reason: str) -> None:
        """Move the damaged file aside. The next write creates a new file with all entries."""
        try:
            sqlite_file.move_aside(self._path, reason)
        except OSError as error:
            logs.event(log, "database_stays_damaged", level=logging.ERROR, path=str(self._path), error=str(error))

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _next(self) -> tuple[dict[str, Entry | None], int | None, bool]:
        """Wait for the next batch. The flag marks the last one at a stop. After a failure it waits before the next attempt."""
        with self._wake:
            if self.error:
                self._wake.wait_for(lambda: self._is_stopping, RETRY_SECONDS)
            self._wake.wait_for(lambda: self._pending or self._is_check_due or self._is_stopping)
            self._writing, self._pending, self._is_check_due = self._pending, {}, False
            return self._writing, self._revision, self._is_stopping

    def _put_back(self, changed: Mapping[str, Entry | None], error: str) -> None:
        with self._wake:
            self._pending = {**changed, **self._pending}
            self._writing = {}
        self._settle(error)

    def _settle(self, error: str | None) -> None:
        if error != self.error:
            self.database_errors += error is not None
            logs.event(log, "database_failed" if error else "database_written", level=logging.WARNING, path=str(self._path), error=error)
        self.error = error


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file, or None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _ids(connection: sqlite3.Connection) -> list[str]:
    return [str(key) for (key,) in connection.execute("SELECT id FROM entries")]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        if (verdict := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"integrity_check: {verdict}")
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection) -> Stored:
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    entries = tuple(msgspec.json.decode(body, type=Entry) for (body,) in connection.execute("SELECT body FROM entries"))
    if "instance" in meta:
        return Stored(meta["instance"], int(meta.get("revision", 0)) + REVISION_GAP, entries)
    stored = Stored(uuid.uuid4().hex, 0, ())
    _write(connection, {}, 0, stored.instance)
    return stored


def _write(connection: sqlite3.Connection, changed: Mapping[str, Entry | None], revision: int | None, instance: str) -> None:
    removed = [(key,) for key, entry in changed.items() if entry is None]
    kept = [(key, msgspec.json.encode(entry)) for key, entry in changed.items() if entry is not None]
    with sqlite_file.transaction(connection):
        connection.execute(FORGET_OTHER_INSTANCE, (instance,))
        connection.executemany("DELETE FROM entries WHERE id = ?", removed)
        connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", kept)
        known = [("instance", instance)] + ([] if revision is None else [("revision", str(revision))])
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", known)
