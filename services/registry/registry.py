"""The running registry: connects the table, the lease clock, the store, and readers that wait for a change. No HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from services import logs, wire
from services.registry.clock import LeaseClock
from services.registry.settings import RegistrySettings
from services.registry.store import Stored, Writer, load
from services.registry.table import Entry, Query, Table

log = logging.getLogger("services.registry")

STORE_FLUSH_SECONDS = 5.0


class Registry:
    """Implements `ServiceHooks` for the registry."""

    def __init__(self, settings: RegistrySettings) -> None:
        path = Path(settings.data_dir) / settings.database
        stored = load(path)
        self.settings = settings
        self.instance = stored.instance
        self.clock = LeaseClock(longest_step_seconds=max(2 * settings.sweep_seconds, settings.ttl_seconds / 3))
        self.table = Table(
            settings.ttl_seconds, settings.removal_seconds, revision=stored.revision, entries=_with_grace(stored, self.clock.now().lease)
        )
        self._moved_aside = stored.moved_aside
        self._writer = Writer(path, stored.instance, stored.entries, stored.revision)
        self._changed = asyncio.Event()
        self._sweeping: asyncio.Task[None] | None = None
        self._is_stopping = False

    def health(self) -> Mapping[str, Any]:
        if reason := self._writer.error:
            return {"status": "degraded", "reason": f"the database cannot be written: {reason}"}
        return {"status": "healthy"}

    def not_ready_reason(self) -> str | None:
        return None

    def info(self) -> Mapping[str, Any]:
        return {
            "instance": self.instance,
            "revision": self.table.revision,
            "ttl_seconds": self.settings.ttl_seconds,
            "database_moved_aside": self._moved_aside,
            "database_trouble": self._writer.error,
            "database_errors": self._writer.database_errors,
            "database_pending": self._writer.pending(),
        }

    async def start(self) -> None:
        self._writer.start()
        self._sweeping = asyncio.create_task(self._sweep_forever())

    async def drain(self) -> None:
        self._is_stopping = True
        self._changed.set()  # Ends all long polls, so they do not delay the stop.
        if self._sweeping:
            self._sweeping.cancel()
        await asyncio.to_thread(self._writer.stop, STORE_FLUSH_SECONDS)

    def register(self, registration: wire.Registration) -> tuple[bool, wire.Lease]:
        """Accept a registration. Returns whether its id is new, and the lease."""
        now = self.clock.now()
        is_new = self.table.register(registration, now)
        self._publish()
        logs.event(log, "registered", id=registration.id, epoch=registration.epoch, is_new=is_new, models=registration.models)
        return is_new, self._lease(registration.id, registration.epoch)

    def heartbeat(self, identifier: str, heartbeat: wire.Heartbeat) -> wire.Lease:
        entry = self.table.heartbeat(identifier, heartbeat, self.clock.now())
        self._publish()
        return self._lease(identifier, entry.registration.epoch)

    def deregister(self, identifier: str, epoch: int) -> bool:
        is_removed = self.table.deregister(identifier, epoch, self.clock.now())
        self._publish()
        logs.event(log, "deregistered", id=identifier, epoch=epoch, is_removed=is_removed)
        return is_removed

    def find(self, identifier: str) -> wire.ServiceEntry | None:
        self.sweep()
        return self.table.find(identifier, self.clock.now())

    def snapshot(self, query: Query) -> wire.ServiceList:
        """The current entries. Sweeps first, so that the revision matches the content."""
        self.sweep()
        return wire.ServiceList(instance=self.instance, revision=self.table.revision, services=self.table.list(query, self.clock.now()))

    async def wait_for_change(self, revision: int, seconds: float) -> None:
        """Return when the revision differs from `revision`, at the latest after `seconds` or when the service stops."""
        try:
            async with asyncio.timeout(seconds):
                while self.table.revision == revision and not self._is_stopping:
                    await self._changed.wait()
        except TimeoutError:
            return

    def stats(self) -> dict[str, Any]:
        views = self.table.list(Query(status="all"), self.clock.now())
        count = Counter(view.status for view in views)
        totals = self.table.totals
        return {
            "registered": len(views),
            "online": count["online"],
            "unconfirmed": count["unconfirmed"],
            "offline": count["offline"],
            "registrations_total": totals.registrations,
            "heartbeats_total": totals.heartbeats,
            "deregistrations_total": totals.deregistrations,
            "expirations_total": totals.expirations,
            "revision": self.table.revision,
            "instance": self.instance,
        }

    def sweep(self) -> None:
        """Expire entries without a lease, and notify readers and the store."""
        swept = self.table.expire(self.clock.now())
        self._publish()
        for identifier in swept.unconfirmed:
            logs.event(log, "unconfirmed", level=logging.WARNING, id=identifier)
        for identifier in swept.expired:
            logs.event(log, "expired", level=logging.WARNING, id=identifier)
        for identifier in swept.removed:
            logs.event(log, "removed", id=identifier)

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(self.settings.sweep_seconds)
            self.sweep()
            self._writer.check_file()

    def _publish(self) -> None:
        changed = self.table.take_changed()
        if not changed:
            return
        self._writer.put(changed, self.table.revision)
        # A new event for the next change, so that each waiting reader wakes up exactly once.
        self._changed.set()
        self._changed = asyncio.Event()

    def _lease(self, identifier: str, epoch: int) -> wire.Lease:
        return wire.Lease(id=identifier, epoch=epoch, revision=self.table.revision, ttl_seconds=self.settings.ttl_seconds)


def _with_grace(stored: Stored, lease: float) -> list[Entry]:
    """Every stored entry with a full lease from now."""
    # The services could not renew their leases while the registry was down.
    return [
        msgspec.structs.replace(entry, leased_at=lease, status="offline" if entry.status == "offline" else "online")
        for entry in stored.entries
    ]
