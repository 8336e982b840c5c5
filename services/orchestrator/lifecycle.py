"""The service hooks of the orchestrator: health, readiness, background work and drain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services import logs, relay
from services.orchestrator.api import reports
from services.orchestrator.cascade import stop_hives
from services.orchestrator.gateway import Gateway
from services.orchestrator.routing.watcher import Watcher

log = logging.getLogger(__name__)

CANCEL_SECONDS = 1.0  # Time for cancelled requests to send their last event and to settle their ledger entry.


@dataclass
class OrchestratorHooks:
    """Implements `services.service.ServiceHooks`."""

    gateway: Gateway
    _watching: asyncio.Task[None] | None = None

    def health(self) -> Mapping[str, Any]:
        return reports.with_ledger(reports.health(self.gateway.cluster, time.monotonic()), self.gateway.recorder.ledger)

    def not_ready_reason(self) -> str | None:
        cluster = self.gateway.cluster
        if cluster.age_seconds(time.monotonic()) is None:
            return f"the registry at {self.gateway.settings.registry_url} has not answered yet"
        return None if cluster.view.has_routable() else "no worker is ready"

    def info(self) -> Mapping[str, Any]:
        settings = self.gateway.settings
        # The longest wait for a first byte: every attempt hangs until its limit.
        attempt_seconds = settings.connect_seconds + settings.first_byte_seconds
        return {
            "registry_url": settings.registry_url,
            "shutdown_scope": settings.shutdown_scope,
            "declared_models": settings.declared_models,
            "first_byte_promised_seconds": (1 + settings.max_extra_attempts) * attempt_seconds,
        }

    async def start(self) -> None:
        gateway, settings = self.gateway, self.gateway.settings
        gateway.pins.restore(gateway.pin_store.start(settings.session_ttl_seconds, time.time()))
        gateway.ledger_maintenance.start()
        gateway.session = relay.open_session()
        watcher = Watcher(gateway.cluster, settings.registry_url, settings.token, settings.poll_wait_seconds)
        self._watching = asyncio.create_task(watcher.run(gateway.session))

    async def drain(self) -> None:
        await self._finish_requests()
        # Requests write pins and ledger rows, so both stop after the last request.
        self.gateway.pin_store.stop()
        await self.gateway.ledger_maintenance.stop()
        gateway, settings = self.gateway, self.gateway.settings
        if self._watching:
            self._watching.cancel()
        if gateway.session is None:
            return
        if settings.shutdown_scope == "cascade":
            hives = [hive for hive in gateway.cluster.view.hives.values() if hive.status != "offline"]
            await stop_hives(gateway.session, hives, settings.token, settings.cascade_seconds)
        await gateway.session.close()

    async def _finish_requests(self) -> None:
        in_flight = self.gateway.recorder.in_flight
        try:
            async with asyncio.timeout(self.gateway.settings.drain_seconds):
                await in_flight.idle()
        except TimeoutError:
            logs.event(log, "drain_deadline", level=logging.WARNING, abandoned=in_flight.total)
            await self._cancel_requests()

    async def _cancel_requests(self) -> None:
        """Cancel the requests that still run, before the ledger closes, so that the ledger records their usage."""
        self.gateway.drain_deadline.cancel_all()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CANCEL_SECONDS):
                await self.gateway.recorder.in_flight.idle()
