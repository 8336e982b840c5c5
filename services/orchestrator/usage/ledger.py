"""The usage ledger in SQLite: one row per request, written before its first attempt and again when it settles.

While the file is not writable, serving continues and rows wait in memory, up to a limit. Queries and maintenance are other modules.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path

from services import logs

log = logging.getLogger("services.orchestrator.ledger")

FILE_NAME = "usage.sqlite"
INTERRUPTED = "interrupted"
CACHE_KIB = 256  # The rows of 1500 open requests. SQLite's default of 2 MiB makes the gateway grow over its first 12,000 requests.
PAGE_BYTES = 1024  # The WAL stores whole pages. A commit of 1 KiB pages costs half of one with the default 4 KiB.
FLUSH_ROWS = 500  # A transaction of this size blocks the event loop for a few milliseconds.

NANOSECONDS = 1_000_000_000


@dataclass(slots=True)
class Row:
    """`id` is the unique start time in nanoseconds since 1970. `outcome` is None while the request runs.

    Outcomes: ok, error (an error answer, without usage), client_gone, upstream_broke (after the first byte), and
    interrupted (the gateway was killed). `estimated` means that the worker did not report all token counts.
    """

    id: int
    request_id: str
    key: str
    tenant: str | None
    model: str
    path: str
    worker: str = ""
    attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    estimated: bool = True
    status: int = 0
    outcome: str | None = None
    seconds: float | None = None


COLUMNS = tuple(column.name for column in fields(Row))
_REPLACE = f"REPLACE INTO usage ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_NUMBERS = ("attempts", "prompt_tokens", "completion_tokens", "cached_tokens", "estimated", "status")
_TYPES = dict.fromkeys(_NUMBERS, "INTEGER NOT NULL") | {"id": "INTEGER PRIMARY KEY", "tenant": "TEXT", "outcome": "TEXT", "seconds": "REAL"}
SCHEMA = f"""
PRAGMA page_size = {PAGE_BYTES};
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 0;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE IF NOT EXISTS usage ({", ".join(f"{name} {_TYPES.get(name, 'TEXT NOT NULL')}" for name in COLUMNS)});
CREATE INDEX IF NOT EXISTS under_way ON usage (id) WHERE outcome IS NULL;
"""


@dataclass
class Ledger:
    """The writer of the ledger, used by the event loop's thread only. A damaged, locked or read-only database raises no error."""

    # With WAL and synchronous = NORMAL, a commit needs no disk sync and takes about ten microseconds. It survives a SIGKILL of the
    # gateway. A power cut can lose the last commits.
    path: Path
    max_unwritten: int = 10_000
    note_seconds: float = 1.0
    error: str | None = None
    writes: int = 0
    unwritten: dict[int, Row] = field(default_factory=dict)
    _last_id: int = 0
    _first_id: int | None = None
    _connection: sqlite3.Connection | None = None

    def start(self) -> None:
        """Open the file. Rows that an earlier process left open settle as interrupted, with their last recorded tokens."""
        self._first_id = self._first_id or self.next_id()
        self.flush()
        if self._connection is None:
            self.flush()  # The first flush moves a damaged file aside, the second one creates a new file.

    def next_id(self) -> int:
        self._last_id = max(time.time_ns(), self._last_id + 1)
        return self._last_id

    @property
    def is_full(self) -> bool:
        """Whether too many rows wait in memory to accept a further request."""
        return len(self.unwritten) >= self.max_unwritten

    def write(self, row: Row) -> None:
        """Store the current state of a row. It replaces the stored state, so each request has one row."""
        if self._connection is None or self.unwritten:
            self.unwritten[row.id] = row
            return
        try:
            self._connection.execute(_REPLACE, _values(row))
            self.writes += 1
        except sqlite3.Error as error:
            self.unwritten[row.id] = row
            self._failed(error)

    def flush(self) -> None:
        """Store at most FLUSH_ROWS waiting rows. Opens the file if necessary. Maintenance calls it periodically."""
        try:
            connection = self._connection or self._open()
            if rows := list(islice(self.unwritten.values(), FLUSH_ROWS)):
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_REPLACE, map(_values, rows))
                connection.execute("COMMIT")
                self.writes += len(rows)
                for row in rows:
                    del self.unwritten[row.id]
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
            return
        if self.error and not self.unwritten:
            logs.event(log, "ledger_written", path=str(self.path))
            self.error = None

    def drop_before(self, identifier: int, count: int) -> int:
        """Delete at most `count` settled rows with a smaller id. Returns the number of deleted rows."""
        if self._connection is None or self.unwritten:
            return 0
        oldest = "SELECT id FROM usage WHERE id < ? AND outcome IS NOT NULL ORDER BY id LIMIT ?"
        try:
            dropped = self._connection.execute(f"DELETE FROM usage WHERE id IN ({oldest})", (identifier, count)).rowcount
        except sqlite3.Error as error:
            self._failed(error)
            return 0
        self.writes += dropped
        return dropped

    def checkpoint(self) -> None:
        """Move the WAL into the database, in this thread. No write happens meanwhile, so the WAL restarts from its beginning."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # No lock wait: it would block the event loop, and with it every request.
        connection = sqlite3.connect(self.path, timeout=0.0, isolation_level=None)
        try:
            connection.executescript(SCHEMA)
            settle = "UPDATE usage SET outcome = ?, estimated = 1 WHERE outcome IS NULL AND id < ?"
            interrupted = connection.execute(settle, (INTERRUPTED, self._first_id)).rowcount
        except BaseException:
            connection.close()
            raise
        if interrupted:
            logs.event(log, "ledger_interrupted", level=logging.WARNING, requests=interrupted)
        self._connection = connection
        return connection

    def _failed(self, error: sqlite3.Error | OSError) -> None:
        if str(error) != self.error:
            logs.event(log, "ledger_failed", level=logging.ERROR, path=str(self.path), error=str(error), unwritten=len(self.unwritten))
        self.error = str(error)
        self.close()
        if type(error) is sqlite3.DatabaseError:  # Its subclasses mean a lock or a full disk, while the file itself is intact.
            self._move_aside(str(error))

    def _move_aside(self, error: str) -> None:
        """Rename a damaged file, so that its rows can be recovered by hand. The next flush creates an empty file."""
        aside = f"{self.path.name}.damaged-{time.time_ns()}"
        for suffix in ("-wal", "-shm", ""):
            with suppress(OSError):
                self.path.with_name(self.path.name + suffix).rename(self.path.with_name(aside + suffix))
        logs.event(log, "ledger_damaged", level=logging.ERROR, path=str(self.path), moved_to=aside, error=error)


def _values(row: Row) -> tuple[object, ...]:
    return (
        *(row.id, row.request_id, row.key, row.tenant, row.model, row.path, row.worker, row.attempts),
        *(row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.estimated, row.status, row.outcome, row.seconds),
    )
