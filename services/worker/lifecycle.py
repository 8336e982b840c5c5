"""The lifecycle of a worker: loading, health, the admin listener and drain."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Mapping
from mmap import mmap
from typing import Any

from aiohttp import web

from services import logs
from services.api_errors import ApiError
from services.worker import admin
from services.worker.injected_faults import fill_memory
from services.worker.request_handler import RequestHandler
from services.worker.slots import Slots

log = logging.getLogger("services.worker")

FALSE_HEALTH_REASON = "An injected fault makes the health checks fail."


class WorkerHooks:
    """Implements `service.ServiceHooks` with one exception: `health` raises ApiError 503 while a fault makes health checks fail."""

    def __init__(self, request_handler: RequestHandler, slots: Slots) -> None:
        self._request_handler = request_handler
        self._slots = slots
        self._settings = request_handler.settings
        self._loading: asyncio.TimerHandle | None = None
        self._admin: web.AppRunner | None = None
        self._weights: list[mmap] = []

    def health(self) -> Mapping[str, Any]:
        if self._request_handler.injected_faults.reported_health == "sick":
            raise ApiError("not_ready", FALSE_HEALTH_REASON)
        load = {"running": self._slots.running, "waiting": self._slots.waiting}
        return {"status": "healthy", **load, "models": self._settings.models}

    def not_ready_reason(self) -> str | None:
        health = self._request_handler.injected_faults.reported_health
        if health != "honest":
            return None if health == "well" else FALSE_HEALTH_REASON
        return None if self._request_handler.is_loaded else "The model is still loading."

    def info(self) -> Mapping[str, Any]:
        return {"models": self._settings.models, "slots": self._settings.max_num_seqs}

    async def start(self) -> None:
        # Replaces the handler of `service.run`, so that a fault can ignore SIGTERM.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._on_sigterm)
        # Minus the uptime, because the time since the start is part of the load time and not on top of it.
        left = self._settings.startup_seconds - self._request_handler.context.uptime_seconds()
        if left > 0:
            self._loading = asyncio.get_running_loop().call_later(left, self._loaded)
        else:
            self._loaded()
        if self._settings.admin_port:
            await self._open_admin()

    async def drain(self) -> None:
        if self._loading:
            self._loading.cancel()
        try:
            async with asyncio.timeout(self._settings.drain_seconds):
                await self._slots.idle.wait()
        except TimeoutError:
            self._request_handler.cut()  # The ends must be in the journal before the process exits.
            await self._slots.idle.wait()
        if self._admin:
            # Last, so that a test can read the journal and the faults of a worker that drains.
            await self._admin.cleanup()

    def _on_sigterm(self) -> None:
        if self._request_handler.injected_faults.ignores_sigterm:
            logs.event(log, "sigterm_ignored", level=logging.WARNING)
        else:
            self._request_handler.context.stop_requested.set()

    def _loaded(self) -> None:
        self._weights = fill_memory(self._settings.weights_mib)
        self._request_handler.journal.ready(self._settings.models)
        self._request_handler.is_loaded = True

    async def _open_admin(self) -> None:
        app = admin.application(self._request_handler.context, self, self._request_handler, self._slots)
        self._admin = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0, handle_signals=False)
        await self._admin.setup()
        host, port = self._settings.host, self._settings.admin_port
        try:
            await web.TCPSite(self._admin, host, port, reuse_address=True).start()
        except OSError as error:
            logs.event(log, "port_unavailable", level=logging.ERROR, host=host, port=port, error=str(error))
            raise SystemExit(3) from None
        logs.event(log, "admin_listening", host=host, port=port)
