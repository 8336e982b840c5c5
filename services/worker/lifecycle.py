"""What the worker adds to the frame: loading, health, the admin listener, drain."""

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
from services.worker.injected_faults import filled
from services.worker.request_handler import Intake
from services.worker.slots import Slots

log = logging.getLogger("services.worker")


class WorkerDuties:
    """Implements `service.ServiceHooks`, but for one thing: a worker that was told to call itself sick answers its health call with 503."""

    def __init__(self, intake: Intake, slots: Slots) -> None:
        self._intake = intake
        self._slots = slots
        self._settings = intake.settings
        self._loading: asyncio.TimerHandle | None = None
        self._admin: web.AppRunner | None = None
        self._weights: list[mmap] = []

    def health(self) -> Mapping[str, Any]:
        if self._intake.orders.lie == "sick":
            raise ApiError("not_ready", "The worker was told to call itself sick.")
        load = {"running": self._slots.running, "waiting": self._slots.waiting}
        return {"status": "healthy", **load, "models": self._settings.models}

    def not_ready_reason(self) -> str | None:
        lie = self._intake.orders.lie
        if lie != "honest":
            return None if lie == "well" else "The worker was told to call itself sick."
        return None if self._intake.is_loaded else "The model is still loading."

    def info(self) -> Mapping[str, Any]:
        return {"models": self._settings.models, "slots": self._settings.max_num_seqs}

    async def start(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._asked_to_stop)
        left = self._settings.startup_seconds - self._intake.frame.uptime_seconds()
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
            self._intake.cut()
            await self._slots.idle.wait()
        if self._admin:
            await self._admin.cleanup()

    def _asked_to_stop(self) -> None:
        if self._intake.orders.ignores_sigterm:
            logs.event(log, "sigterm_ignored", level=logging.WARNING)
        else:
            self._intake.frame.stop_requested.set()

    def _loaded(self) -> None:
        self._weights = filled(self._settings.weights_mib)
        self._intake.journal.ready(self._settings.models)
        self._intake.is_loaded = True

    async def _open_admin(self) -> None:
        app = admin.application(self._intake.frame, self, self._intake, self._slots)
        self._admin = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0, handle_signals=False)
        await self._admin.setup()
        host, port = self._settings.host, self._settings.admin_port
        try:
            await web.TCPSite(self._admin, host, port, reuse_address=True).start()
        except OSError as error:
            logs.event(log, "port_unavailable", level=logging.ERROR, host=host, port=port, error=str(error))
            raise SystemExit(3) from None
        logs.event(log, "admin_listening", host=host, port=port)
