"""Asks a worker for its models and its health, over connections kept alive. Judges liveness only; a full queue is not illness."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass

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


class _Load(msgspec.Struct, frozen=True):
    running: float = 0.0
    waiting: float = 0.0


@dataclass(frozen=True)
class Health:
    """The answer to one probe; `is_refused`: nobody listens; `is_silent`: nothing came for as long as a wedge takes."""

    is_alive: bool
    is_refused: bool = False
    is_silent: bool = False
    load: Load = Load()
    reason: str = ""


class Prober:
    """Probes workers with the cluster's token."""

    def __init__(self, sessions: HttpPools, settings: HiveSettings) -> None:
        self._sessions = sessions
        self._settings = settings
        self._headers = {wire.CLUSTER_TOKEN: settings.token}
        # One probe waits as long as all that may fail together: on a slow way an answer that is late is an answer all the same, and to give
        # up early would end the connection and make the next one twice as late; for the same reason making a connection has a time of its
        # own, and takes none from the answer's. One that does not come about is another matter: nobody may be there, and who comes back is
        # to be found soon.
        one, patience = settings.probe_timeout_seconds, settings.probe_failures * settings.probe_timeout_seconds
        self._limit = aiohttp.ClientTimeout(total=one + patience, sock_connect=one, sock_read=patience)

    async def models(self, base: URL) -> tuple[str, ...] | None:
        """What `/v1/models` lists; None as long as it does not answer 200 with a list."""
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
        return Health(is_alive=status == 200, load=_load(body), reason=f"/health answered {status}")

    async def await_models(self, worker: Worker) -> None:
        """Ask until the models answer; then the worker is alive."""
        while True:
            models = await self.models(worker.base)
            if models is not None:
                await self._recognise(worker)
                return worker.answer(models)
            await asyncio.sleep(STARTING_INTERVAL_SECONDS)

    async def watch(self, worker: Worker, wedge_limit_seconds: float = math.inf) -> None:
        """Probe an alive worker: hung (or dead) after `probe_failures` in a row, or as long a silence; alive again after one answer.

        Returns when it has been hung for `wedge_limit_seconds`.
        """
        failures = 0
        useful_at = time.monotonic()
        while True:
            started = time.monotonic()
            useful_at = useful_at if worker.state == "hung" else started
            if started - useful_at >= wedge_limit_seconds:
                return
            # Who was away is asked for its models in the same breath: on a slow way each question in turn would cost a round trip more.
            is_away = worker.state in ("hung", "dead")
            health, models = await asyncio.gather(self.health(worker.base), self.models(worker.base) if is_away else _unasked())
            failures = 0 if health.is_alive or self._is_streaming(worker) else failures + 1
            if failures and health.is_silent:
                failures = self._settings.probe_failures
            if health.is_alive:
                worker.load = health.load
            if failures >= self._settings.probe_failures and worker.state in ("alive", "hung"):
                worker.become("dead" if health.is_refused and not worker.is_managed else "hung", health.reason)
            elif health.is_alive and models is not None:
                await self._revive(worker, models)
            # At a fixed rate: a probe that took its whole timeout is followed by the next one at once.
            await asyncio.sleep(max(0.0, started + self._settings.probe_interval_seconds - time.monotonic()))

    async def _revive(self, worker: Worker, models: tuple[str, ...]) -> None:
        if worker.state == "dead":  # an attached worker that was away is taken for a new incarnation, unless it tells that it is not
            worker.begin()
            await self._recognise(worker)
        worker.answer(models)

    async def _recognise(self, worker: Worker) -> None:
        """An attached worker that tells when it started keeps its epoch over restarts of the hive: what it has in hand goes on."""
        if worker.is_managed:
            return
        try:
            status, body = await self._get(worker.base / "info")
            if status == 200:
                worker.epoch = int(msgspec.json.decode(body, type=_Info).started_at * 1e9) or worker.epoch
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError):
            return  # it does not tell: the epoch is that of our first look

    def _is_streaming(self, worker: Worker) -> bool:
        """Whether a relayed answer proved the worker alive just now: a probe may be lost where a stream gets through."""
        return time.monotonic() - worker.last_byte <= self._settings.probe_interval_seconds

    async def _get(self, url: URL) -> tuple[int, bytes]:
        async with self._sessions.control.get(url, headers=self._headers, timeout=self._limit) as response:
            return response.status, await response.read()


async def _unasked() -> None:
    return None


def _load(body: bytes) -> Load:
    """`running` and `waiting` out of the body of `/health`, where a backend tells them."""
    try:
        told = msgspec.json.decode(body, type=_Load)
    except msgspec.DecodeError:
        return Load()
    return Load(told.running, told.waiting)
