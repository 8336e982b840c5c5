"""Probes a worker's models and health over kept-alive connections. It judges liveness only, so a full queue is healthy."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, replace

import aiohttp
import msgspec
from yarl import URL

from services import wire
from services.hive.http_pools import HttpPools
from services.hive.settings import HiveSettings
from services.hive.worker import Load, Worker

STARTING_INTERVAL_SECONDS = 0.05


class _Model(msgspec.Struct, frozen=True):
    id: str


class _Models(msgspec.Struct, frozen=True):
    data: tuple[_Model, ...]


class _Info(msgspec.Struct, frozen=True):
    started_at: float


class _Reported(msgspec.Struct, frozen=True):
    running: float = 0.0
    waiting: float = 0.0
    started_at: float = 0.0


@dataclass(frozen=True)
class Health:
    """The result of one probe. `is_refused`: the port is closed. `is_silent`: no answer within the time after which a worker is hung.

    `started_at` is the start of the worker's process in seconds since 1970, or 0 if the backend does not report it.
    """

    is_alive: bool
    is_refused: bool = False
    is_silent: bool = False
    load: Load = Load()
    started_at: float = 0.0
    reason: str = ""


class Prober:
    """Probes workers with the cluster token."""

    def __init__(self, pools: HttpPools, settings: HiveSettings) -> None:
        self._pools = pools
        self._settings = settings
        self._headers = {wire.CLUSTER_TOKEN: settings.token}
        # One probe waits as long as `probe_failures` probes together, because a late answer on a slow network is an answer. An early
        # abort would close the connection, and a new one takes another round trip. For the same reason the connect has its own time.
        # That time is short: the worker may be down, and a probe must find it soon after it is back.
        one, patience = settings.probe_timeout_seconds, settings.probe_failures * settings.probe_timeout_seconds
        self._limit = aiohttp.ClientTimeout(total=one + patience, sock_connect=one, sock_read=patience)

    async def models(self, base: URL) -> tuple[str, ...] | None:
        """The model list of `/v1/models`, or None unless it answers 200 with a list."""
        try:
            status, body = await self._get(base / "v1/models")
            return tuple(model.id for model in msgspec.json.decode(body, type=_Models).data) if status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError):
            return None

    async def health(self, base: URL) -> Health:
        """One `/health` probe."""
        try:
            status, body = await self._get(base / "health")
        except aiohttp.ClientConnectorError as error:
            return Health(is_alive=False, is_refused=isinstance(error.os_error, ConnectionRefusedError), reason=str(error.os_error))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            is_silent = isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError)
            return Health(is_alive=False, is_silent=is_silent, reason=str(error) or type(error).__name__)
        reported = _reported(body)
        load = Load(reported.running, reported.waiting)
        return Health(is_alive=status == 200, load=load, started_at=reported.started_at, reason=f"/health answered {status}")

    async def await_models(self, worker: Worker) -> None:
        """Probe until `/v1/models` answers. The worker is alive then."""
        while True:
            models = await self.models(worker.base)
            if models is not None:
                await self._read_epoch(worker)
                return worker.answer(models)
            await asyncio.sleep(STARTING_INTERVAL_SECONDS)

    async def watch(self, worker: Worker, hang_limit_seconds: float = math.inf) -> None:
        """Probe a worker until it has been hung for `hang_limit_seconds`.

        It becomes hung (or dead) after `probe_failures` failed probes in a row or an equally long silence. One answer makes it alive.
        """
        failures = 0
        process_start = 0.0
        responsive_at = time.monotonic()
        while True:
            started = time.monotonic()
            responsive_at = responsive_at if worker.state == "hung" else started
            if started - responsive_at >= hang_limit_seconds:
                return
            # Both requests run at the same time. In sequence a worker behind a slow network would return one round trip later.
            is_away = worker.state in ("starting", "hung", "dead")
            health, models = await asyncio.gather(self.health(worker.base), self.models(worker.base) if is_away else _no_models())
            failures = 0 if health.is_alive or self._is_streaming(worker) else failures + 1
            if failures and health.is_silent:
                failures = self._settings.probe_failures
            if health.is_alive:
                worker.load = replace(health.load, measured_at=started)
                is_restarted = not worker.is_managed and 0 < process_start != health.started_at > 0
                process_start = health.started_at or process_start
                if is_restarted:  # Perhaps between two probes, so that no probe failed. The new process may serve other models.
                    worker.begin()
                    models = models or await self.models(worker.base)
            if failures >= self._settings.probe_failures and worker.state in ("starting", "alive", "hung"):
                worker.become("dead" if health.is_refused and not worker.is_managed else "hung", health.reason)
            elif health.is_alive and models is not None:
                await self._revive(worker, models)
            # A fixed rate: the next probe follows a timed-out one at once.
            await asyncio.sleep(max(0.0, started + self._settings.probe_interval_seconds - time.monotonic()))

    async def _revive(self, worker: Worker, models: tuple[str, ...]) -> None:
        if worker.state == "dead":  # A returned attached worker is a new incarnation, unless `/info` gives its old start time.
            worker.begin()
        if worker.state == "starting":
            await self._read_epoch(worker)
        worker.answer(models)

    async def _read_epoch(self, worker: Worker) -> None:
        """Take an attached worker's epoch from the start time in its `/info`."""
        # The epoch then stays the same when the hive restarts, and the worker's in-flight requests go on.
        if worker.is_managed:
            return
        try:
            status, body = await self._get(worker.base / "info")
            if status == 200:
                worker.epoch = int(msgspec.json.decode(body, type=_Info).started_at * 1e9) or worker.epoch
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError):
            return  # Without a start time the epoch is that of the first probe.

    def _is_streaming(self, worker: Worker) -> bool:
        """Whether a relayed response has just proved that the worker is alive."""
        # Under packet loss a probe can fail while a stream still flows.
        return time.monotonic() - worker.last_byte <= self._settings.probe_interval_seconds

    async def _get(self, url: URL) -> tuple[int, bytes]:
        async with self._pools.control.get(url, headers=self._headers, timeout=self._limit) as response:
            return response.status, await response.read()


async def _no_models() -> None:
    return None


def _reported(body: bytes) -> _Reported:
    """The known fields in the body of `/health`. A backend need not report any of them."""
    try:
        return msgspec.json.decode(body, type=_Reported)
    except msgspec.DecodeError:
        return _Reported()
