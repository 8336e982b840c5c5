"""The running hive: connects supervisor, registrar, provisioning and orphan guard, and defines the order of start and stop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from services import wire
from services.hive import stale_processes
from services.hive.http_pools import HttpPools
from services.hive.launch import hive_mark, workers_dir
from services.hive.orphan_guard import OrphanGuard
from services.hive.probe import Prober
from services.hive.provisioning import Provisioning
from services.hive.registrar import CALL_TIMEOUT_SECONDS, Registrar
from services.hive.registry_client import RegistryClient
from services.hive.report import health_body, registrations
from services.hive.settings import HiveSettings
from services.hive.supervisor import Supervisor
from services.service import ServiceContext

WITHDRAW_SECONDS = 2.0


class Hive:
    """Implements `ServiceHooks` for the hive."""

    def __init__(self, context: ServiceContext, settings: HiveSettings, workers: tuple[wire.WorkerSpec, ...]) -> None:
        self._context = context
        self._settings = settings
        self._configured = workers
        self._epoch = time.time_ns()
        self.url = context.url
        self.pools = HttpPools()
        self.supervisor = Supervisor(settings, self.url, Prober(self.pools, settings), self._changed)
        hub_url = settings.provisioning.hub_url
        self.provisioning = Provisioning(settings, hub_url, self.supervisor, self.pools) if hub_url else None
        client = RegistryClient(self.pools, settings.registry_url, settings.token, CALL_TIMEOUT_SECONDS)
        self._orphan_guard = OrphanGuard(hive_mark(settings))
        self._registrar = Registrar(settings.name, self._describe, client, settings.heartbeat_interval_seconds)

    def health(self) -> Mapping[str, Any]:
        body = health_body(self.supervisor)
        return self.provisioning.health(body) if self.provisioning else body

    def not_ready_reason(self) -> str | None:
        return None if any(worker.state == "alive" for worker in self.supervisor) else "no worker is alive"

    def info(self) -> Mapping[str, Any]:
        views = [worker.view() for worker in self.supervisor]
        return {
            "restart_count": self.supervisor.restarts,
            "workers": views,
            "attached": [view.id for view in views if not view.managed],
            "registry_url": self._settings.registry_url,
            "heartbeat_interval_seconds": self._settings.heartbeat_interval_seconds,
        }

    async def start(self) -> None:
        self.pools.open()
        # The guard starts before the first worker, so that a kill of the hive at any later time leaves no worker.
        await self._orphan_guard.start()
        await stale_processes.kill_all(workers_dir(self._settings))
        for spec in self._configured:
            self.supervisor.add(spec)
        for other in self._settings.attach:
            self.supervisor.attach(other)
        if self.provisioning:
            self.provisioning.start()
        self._registrar.reconcile_now()

    async def drain(self) -> None:
        # The registry gets `draining` first, so that the gateway stops routing here before the workers stop.
        self._registrar.reconcile_now()
        if self.provisioning:
            await self.provisioning.stop()
        await self.supervisor.stop_all(self._settings.drain_seconds)
        await self._orphan_guard.stop()
        await self._registrar.stop(WITHDRAW_SECONDS)
        await self.pools.close()

    def _changed(self) -> None:
        self._registrar.reconcile_now()

    def _describe(self) -> Mapping[str, wire.Registration]:
        state: wire.ServingState = "draining" if self._context.is_draining else "ready"
        own = wire.Registration(id=self._settings.name, kind="hive", url=self.url, epoch=self._epoch, state=state)
        return registrations(own, self.supervisor, time.monotonic())
