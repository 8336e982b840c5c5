"""Stores session pins in SQLite (WAL). A separate thread writes them in batches, so no request waits for the disk.

A SIGKILL loses at most the pins of the last FLUSH_SECONDS. Hashing then places their sessions, as for new sessions.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from services import logs, sqlite_file
from services.orchestrator.routing.sticky import Pin

log = logging.getLogger("services.orchestrator.pins")

FILE_NAME = "sessions.sqlite"
FLUSH_SECONDS = 0.05
RETRY_SECONDS = 1.0
BUSY_SECONDS = 1.0
STOP_SECONDS = 5.0

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS pins (key BLOB PRIMARY KEY, worker TEXT NOT NULL, used_at REAL NOT NULL) WITHOUT ROWID;
"""


class PinStore:
    """The database file of the pins. A damaged file is moved aside. While it is not writable, the latest pin per key waits in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._pending: dict[bytes, Pin | None] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pin-writer", daemon=True)
        self._error: str | None = None

    def start(self, ttl_seconds: float, now: float) -> list[tuple[bytes, Pin]]:
        """Read the pins used within `ttl_seconds`, least recently used first, and start the writer. Deletes older pins. Never raises."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            stored = _load_or_begin(self._path, now - ttl_seconds)
        except (sqlite3.Error, OSError) as error:
            logs.event(log, "pins_unavailable", level=logging.ERROR, path=str(self._path), error=str(error))
            stored = []
        self._thread.start()
        return stored

    def put(self, key: bytes, pin: Pin | None) -> None:
        """Queue a pin for storage, or for deletion if it is None. Returns immediately."""
        with self._lock:
            self._pending[key] = pin
        if not self._wake.is_set():
            self._wake.set()

    def stop(self) -> None:
        """Write the queued pins and end the thread."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while True:
            self._wake.wait()
            # Pins that arrive during this wait share one transaction.
            is_last = self._stopping.wait(RETRY_SECONDS if self._error else FLUSH_SECONDS)
            self._wake.clear()
            with self._lock:
                batch, self._pending = self._pending, {}
            try:
                connection = connection or _open(self._path)
                _write(connection, batch)
                self._settle(None)
            except (sqlite3.Error, OSError) as error:
                self._put_back(batch)
                self._settle(str(error))
                connection = None
            if is_last:
                break
        if connection:
            connection.close()

    def _put_back(self, batch: dict[bytes, Pin | None]) -> None:
        with self._lock:
            self._pending = batch | self._pending  # Pins that arrived during the failed write are newer and win.
        self._wake.set()

    def _settle(self, error: str | None) -> None:
        if error != self._error:  # The writer retries every second, so it logs only changes.
            logs.event(log, "pins_not_written" if error else "pins_written", level=logging.WARNING, path=str(self._path), error=error)
        self._error = error


def _load_or_begin(path: Path, oldest: float) -> list[tuple[bytes, Pin]]:
    try:
        with closing(_open(path)) as connection:
            return _read(connection, oldest)
    except sqlite3.OperationalError:  # Locked, read-only or disk full: the file itself is intact.
        raise
    except sqlite3.DatabaseError as error:
        sqlite_file.move_aside(path, str(error))
    with closing(_open(path)) as connection:
        return _read(connection, oldest)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        if (verdict := connection.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(f"quick_check: {verdict}")
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _read(connection: sqlite3.Connection, oldest: float) -> list[tuple[bytes, Pin]]:
    connection.execute("DELETE FROM pins WHERE used_at < ?", (oldest,))
    rows = connection.execute("SELECT key, worker, used_at FROM pins ORDER BY used_at")
    return [(key, Pin(worker, used_at, used_at)) for key, worker, used_at in rows]


def _write(connection: sqlite3.Connection, batch: dict[bytes, Pin | None]) -> None:
    deleted = [(key,) for key, pin in batch.items() if pin is None]
    kept = [(key, pin.worker_id, pin.used_at) for key, pin in batch.items() if pin is not None]
    with sqlite_file.transaction(connection):
        connection.executemany("DELETE FROM pins WHERE key = ?", deleted)
        connection.executemany("INSERT OR REPLACE INTO pins VALUES (?, ?, ?)", kept)
