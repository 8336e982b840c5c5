"""What survives a restart of the registry: its entries, revision and instance id, in SQLite. Memory is the truth for reads."""

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

# When the file could not be read at the start, what it holds belongs to an instance nobody knows any more.
FORGET_OTHER_INSTANCE = "DELETE FROM entries WHERE NOT EXISTS (SELECT 1 FROM meta WHERE key = 'instance' AND value = ?)"

# A killed registry may have shown revisions it had not stored yet; starting this far above keeps them from being used twice.
REVISION_GAP = 1000
RETRY_SECONDS = 0.25
BUSY_SECONDS = 0.1


@dataclass(frozen=True)
class Stored:
    """What the database held at the start. A new `instance` means that everything before was lost.

    `moved_aside` is where a damaged database was put; nothing of it is served.
    """

    instance: str
    revision: int
    entries: tuple[Entry, ...]
    moved_aside: str | None = None


def load(path: Path) -> Stored:
    """Read the database; one that is damaged is moved aside, and an empty one begun. Never raises for a bad database."""
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
    except sqlite3.OperationalError:  # locked, read-only, no space: nothing is wrong with the file itself
        raise
    except (sqlite3.DatabaseError, ValueError) as error:
        aside = sqlite_file.move_aside(path, str(error))
    with closing(_open(path)) as connection:
        return replace(_read(connection), moved_aside=str(aside))


class Writer:
    """Writes changes from its own thread, so that a slow disk never holds up a heartbeat. The latest state of an id wins.

    It knows all that should be stored: a file that was put in the place of ours, or damaged under our hands, is filled anew from that.
    """

    def __init__(self, path: Path, instance: str, entries: Iterable[Entry] = (), revision: int | None = None) -> None:
        self.error: str | None = None
        self.troubles = 0  # how often the database was found locked, unwritable, replaced or damaged
        self._path = path
        self._instance = instance
        self._wake = threading.Condition()
        self._whole: dict[str, Entry] = {entry.registration.id: entry for entry in entries}
        self._pending: dict[str, Entry | None] = {}
        self._under_way: dict[str, Entry | None] = {}  # taken from the queue, not stored yet
        self._revision = revision
        self._is_to_look = False
        self._is_stopping = False
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # which one our connection has open
        self._thread = threading.Thread(target=self._run, name="registry-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, changed: Mapping[str, Entry | None], revision: int) -> None:
        """Queue changes; returns at once."""
        with self._wake:
            self._pending.update(changed)
            self._revision = revision
            self._wake.notify()

    def look(self) -> None:
        """Have the database written to even when nothing has changed, so that one that is lost is noticed; returns at once."""
        with self._wake:
            self._is_to_look = True
            self._wake.notify()

    def pending(self) -> int:
        """Changes that are not stored yet."""
        with self._wake:
            return len({**self._under_way, **self._pending})

    def stop(self, seconds: float) -> None:
        """Write what is queued and end the thread, within `seconds`."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        while batch := self._next():
            changed, revision, is_last = batch
            try:
                self._store(changed, revision)
                self._under_way = {}
                self._settle(None)
            except (sqlite3.Error, OSError) as error:
                self._put_back(changed, str(error))
                self._close()
                if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                    self._begin_anew(str(error))
            if is_last:
                break
        self._close()

    def _store(self, changed: Mapping[str, Entry | None], revision: int | None) -> None:
        if self._connection and _identity(self._path) != self._file:
            self._close()  # first: it removes the journals by name, and those of the other file have the same
            self._settle("another file is in its place")
        if not self._connection:
            self._connection = _open(self._path)
            if self._file:  # nobody knows what became of it meanwhile; even the number of a file that is gone may be given away again
                changed = {**dict.fromkeys(_ids(self._connection)), **self._whole, **changed}
            self._file = _identity(self._path)
        _write(self._connection, changed, revision, self._instance)
        for key, entry in changed.items():
            if entry is None:
                self._whole.pop(key, None)
            else:
                self._whole[key] = entry

    def _begin_anew(self, reason: str) -> None:
        """Out of the way with a file that is no sound database; the next one is filled with everything."""
        try:
            sqlite_file.move_aside(self._path, reason)
        except OSError as error:
            logs.event(log, "database_stays_damaged", level=logging.ERROR, path=str(self._path), error=str(error))

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _next(self) -> tuple[dict[str, Entry | None], int | None, bool]:
        """The next batch, as soon as there is one; the last one when stopping. After a failure it waits before trying again."""
        with self._wake:
            if self.error:
                self._wake.wait_for(lambda: self._is_stopping, RETRY_SECONDS)
            self._wake.wait_for(lambda: self._pending or self._is_to_look or self._is_stopping)
            self._under_way, self._pending, self._is_to_look = self._pending, {}, False
            return self._under_way, self._revision, self._is_stopping

    def _put_back(self, changed: Mapping[str, Entry | None], error: str) -> None:
        with self._wake:
            self._pending = {**changed, **self._pending}
            self._under_way = {}
        self._settle(error)

    def _settle(self, error: str | None) -> None:
        if error != self.error:
            self.troubles += error is not None
            logs.event(log, "database_failed" if error else "database_written", level=logging.WARNING, path=str(self._path), error=error)
        self.error = error


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever it is called; None when there is none."""
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
    gone = [(key,) for key, entry in changed.items() if entry is None]
    kept = [(key, msgspec.json.encode(entry)) for key, entry in changed.items() if entry is not None]
    with sqlite_file.transaction(connection):
        connection.execute(FORGET_OTHER_INSTANCE, (instance,))
        connection.executemany("DELETE FROM entries WHERE id = ?", gone)
        connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", kept)
        known = [("instance", instance)] + ([] if revision is None else [("revision", str(revision))])
        connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", known)
