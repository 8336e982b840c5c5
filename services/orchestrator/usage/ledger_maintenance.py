"""Maintains the ledger: flushes waiting rows, checkpoints the WAL and deletes expired rows."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from services.orchestrator.usage.ledger import NANOSECONDS, Ledger

TICK_SECONDS = 0.2
CHECKPOINT_WRITES = 500
PRUNE_SECONDS = 600.0
DROP_ROWS = 200
MAX_LOG_PAGES = 16 * 1024

FoundT = TypeVar("FoundT")


@dataclass(frozen=True)
class Retention:
    """The ledger keeps a settled row for `seconds`, and only the newest `rows`."""

    seconds: float
    rows: int


@dataclass
class LedgerMaintenance:
    """Runs in the event loop of the ledger. Long disk operations run in a thread."""

    # SQLite's automatic checkpoint is off (`wal_autocheckpoint`), because it would run inside a commit and block the event loop.
    ledger: Ledger
    retention: Retention
    _checked_writes: int = 0
    _running: asyncio.Task[None] | None = None
    _in_thread: asyncio.Future[Any] | None = None

    def start(self) -> None:
        """Open the ledger and start the maintenance task in the running loop."""
        self.ledger.start()
        self._running = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """Flush the waiting rows, and wait for the thread.

        The ledger stays open, because cancelled requests still settle their entries.
        """
        if self._running:
            self._running.cancel()
        if self._in_thread:
            await self._in_thread
        self.ledger.flush()

    async def run(self) -> None:
        """Maintain until cancelled."""
        prune_at = time.monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.ledger.flush()
            if self.ledger.writes - self._checked_writes >= CHECKPOINT_WRITES:
                await self._checkpoint()
            if time.monotonic() >= prune_at:
                await self.prune()
                prune_at = time.monotonic() + PRUNE_SECONDS

    async def prune(self) -> None:
        """Delete the settled rows beyond the retention, in small batches."""
        before = await self.beside(oldest_to_keep, self.ledger.path, self.retention, time.time_ns())
        while self.ledger.drop_before(before, DROP_ROWS) == DROP_ROWS:  # noqa: ASYNC110 - requests run between two batches
            await asyncio.sleep(TICK_SECONDS / 10)

    async def _checkpoint(self) -> None:
        self._checked_writes = self.ledger.writes
        pages = await self.beside(checkpoint, self.ledger.path)
        if pages > MAX_LOG_PAGES:
            # Under steady load, a write interrupts each checkpoint in the thread, and the WAL would grow for ever. Few pages are left now.
            self.ledger.checkpoint()

    async def beside(self, work: Callable[..., FoundT], *arguments: Any) -> FoundT:
        """Run `work` in a thread. A cancellation does not stop the thread, so `stop` waits for it."""
        self._in_thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        return await asyncio.shield(self._in_thread)


def checkpoint(path: Path) -> int:
    """Move the WAL into the database without blocking its writer. Returns the pages in the WAL, or 0 after an error."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as connection:
        _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(pages)
    return 0


def oldest_to_keep(path: Path, retention: Retention, now: int) -> int:
    """The smallest id within the retention. `now` is in nanoseconds since 1970."""
    by_age = now - int(retention.seconds * NANOSECONDS)
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as connection:
        row = connection.execute("SELECT id FROM usage ORDER BY id DESC LIMIT 1 OFFSET ?", (retention.rows,)).fetchone()
        return max(by_age, row[0] + 1) if row else by_age
    return by_age
