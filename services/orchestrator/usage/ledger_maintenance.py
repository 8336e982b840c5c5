"""Keeps the ledger's files small beside its writer: moves the log into the database, drops what is past its time, tries again."""

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
    """A settled row is kept for `seconds`, and no more than the newest `rows` are."""

    seconds: float
    rows: int


@dataclass
class LedgerMaintenance:
    """Runs in the loop of the ledger's writer; what touches the disk for long does so in a thread."""

    ledger: Ledger
    retention: Retention
    _checked_writes: int = 0
    _running: asyncio.Task[None] | None = None
    _in_thread: asyncio.Future[Any] | None = None

    def start(self) -> None:
        """Open the ledger and begin to look after it, in the running loop."""
        self.ledger.start()
        self._running = asyncio.create_task(self.run())

    async def stop(self) -> None:
        """Store what waits, as far as that can be, and leave no thread at the files.

        The ledger stays open: whoever is cut off now is still booked.
        """
        if self._running:
            self._running.cancel()
        if self._in_thread:
            await self._in_thread
        self.ledger.flush()

    async def run(self) -> None:
        """Until cancelled."""
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
        """Drop settled rows past their time or number, a few at a time."""
        before = await self.beside(oldest_to_keep, self.ledger.path, self.retention, time.time_ns())
        while self.ledger.drop_before(before, DROP_ROWS) == DROP_ROWS:  # noqa: ASYNC110 - lets requests in between
            await asyncio.sleep(TICK_SECONDS / 10)

    async def _checkpoint(self) -> None:
        self._checked_writes = self.ledger.writes
        pages = await self.beside(checkpoint, self.ledger.path)
        if pages > MAX_LOG_PAGES:
            # Under steady load somebody always writes meanwhile, and the log would never begin anew. What is left now is little.
            self.ledger.checkpoint()

    async def beside(self, work: Callable[..., FoundT], *arguments: Any) -> FoundT:
        """In a thread, which goes on when this is cancelled: `stop` waits for it."""
        self._in_thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
        return await asyncio.shield(self._in_thread)


def checkpoint(path: Path) -> int:
    """Move the log into the database without holding up its writer; returns the pages in the log, 0 when it could not be done."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as connection:
        _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(pages)
    return 0


def oldest_to_keep(path: Path, retention: Retention, now: int) -> int:
    """The id before which rows are past their time (`now` in nanoseconds since 1970) or beyond the number to keep."""
    by_age = now - int(retention.seconds * NANOSECONDS)
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as connection:
        row = connection.execute("SELECT id FROM usage ORDER BY id DESC LIMIT 1 OFFSET ?", (retention.rows,)).fetchone()
        return max(by_age, row[0] + 1) if row else by_age
    return by_age
