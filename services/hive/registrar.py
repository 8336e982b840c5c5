"""Keeps the registry's picture equal to what the hive says now: registers, renews, and withdraws, each id on its own."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping

import msgspec

from services import logs, wire
from services.hive.registry_client import RegistryClient, RegistryError
from services.hive.tasks import background

log = logging.getLogger("services.hive.registrar")

BACKOFF_BASE_SECONDS = 0.1
BACKOFF_CAP_SECONDS = 2.0
CALL_TIMEOUT_SECONDS = 2.0
CLOSING_ATTEMPTS = 3

# A registry may be away for days; its first failures show how we wait for it, the rest would only fill the log.
ATTEMPTS_TOLD = 8

Describe = Callable[[], Mapping[str, wire.Registration]]


class RegistrationLoop:
    """One id at the registry. What it should be is asked afresh before every call, so a late call never tells old news."""

    def __init__(
        self,
        identifier: str,
        wanted: Callable[[], wire.Registration | None],
        client: RegistryClient,
        interval: float,
        on_gone: Callable[[str], None],
    ) -> None:
        self._id = identifier
        self._wanted = wanted
        self._on_gone = on_gone
        self._client = client
        self._interval = interval
        self._jitter = random.Random(identifier)
        self._wake = asyncio.Event()
        self._gone = asyncio.Event()
        # The epoch the registry may hold of us: set before the call, because an answer can get lost.
        self._held_epoch: int | None = None
        self._is_registered = False
        self._is_closing = False
        self._least_epoch = 0
        self._told: wire.Registration | None = None
        self._error = ""

    def poke(self) -> None:
        """Look again now, if anything but metrics has changed."""
        wanted = self._wanted()
        if wanted is None or _facts(wanted) != _facts(self._told):
            self._wake.set()

    def close(self) -> None:
        """The hive stops: try a few times to withdraw, then leave it to the lease."""
        self._is_closing = True
        self._wake.set()

    async def wait_gone(self) -> None:
        """Return when the registry holds nothing of this id, or when that was given up."""
        await self._gone.wait()

    async def run(self) -> None:
        """Keep it up until the id is no longer wanted and the registry knows."""
        failures = 0
        while not self._gone.is_set():
            self._wake.clear()
            started = time.monotonic()
            try:
                await self._reconcile(self._wanted())
                failures = 0
                self._note("")
                pause: float | None = self._interval
            except RegistryError as error:
                pause = self._backoff_seconds(failures)
                failures += 1
                self._note(str(error))
                if failures <= ATTEMPTS_TOLD:
                    call_seconds = round(time.monotonic() - started, 3)
                    logs.event(log, "registry_call_failed", id=self._id, attempt=failures, call_seconds=call_seconds, code=error.code)
                if self._is_closing and failures >= CLOSING_ATTEMPTS:
                    self._leave()
            if not self._gone.is_set():
                await _wait(self._wake, pause)

    async def _reconcile(self, wanted: wire.Registration | None) -> None:
        if wanted is None:
            await self._withdraw()
            return
        registration = msgspec.structs.replace(wanted, epoch=max(wanted.epoch, self._least_epoch))
        try:
            if self._is_registered and self._held_epoch == registration.epoch:
                await self._renew(registration)
            else:
                await self._register(registration)
        except RegistryError as error:
            await self._learn(error, registration)
            raise
        self._told = wanted

    async def _register(self, registration: wire.Registration) -> None:
        self._held_epoch = registration.epoch
        self._is_registered = False
        await self._client.register(registration)
        self._is_registered = True
        logs.event(log, "registered", id=self._id, epoch=registration.epoch, models=registration.models)

    async def _renew(self, said: wire.Registration) -> None:
        heartbeat = wire.Heartbeat(epoch=said.epoch, state=said.state, health=said.health, models=said.models, metrics=said.metrics)
        try:
            await self._client.heartbeat(self._id, heartbeat)
        except RegistryError as error:
            if error.code != "not_found":
                raise
            await self._register(said)

    async def _withdraw(self) -> None:
        if self._held_epoch is not None:
            try:
                await self._client.deregister(self._id, self._held_epoch)
            except RegistryError as error:
                if error.code != "stale_epoch":  # a newer incarnation took the id over: it is not ours to remove
                    raise
            logs.event(log, "withdrawn", id=self._id, epoch=self._held_epoch)
        self._held_epoch, self._is_registered, self._told = None, False, None
        if self._wanted() is None:  # it may have come back while the call was on its way
            self._leave()

    def _leave(self) -> None:
        self._gone.set()
        self._on_gone(self._id)

    async def _learn(self, error: RegistryError, registration: wire.Registration) -> None:
        """A clock that went back makes our epoch older than our own last one: then go above what the registry knows."""
        if error.code == "stale_epoch":
            self._is_registered = False
            self._least_epoch = max(time.time_ns(), registration.epoch, await self._client.epoch_of(self._id)) + 1
        if error.code == "conflict":  # the id belongs to another address; a delete of ours would remove that one
            self._held_epoch = None

    def _backoff_seconds(self, failures: int) -> float:
        nominal: float = min(BACKOFF_CAP_SECONDS, self._interval, BACKOFF_BASE_SECONDS * 2 ** min(failures, 10))
        return nominal * (1 + 0.1 * self._jitter.uniform(-1, 1))

    def _note(self, error: str) -> None:
        if error != self._error:
            name, level = ("registry_failed", logging.WARNING) if error else ("registry_answers", logging.INFO)
            logs.event(log, name, level=level, id=self._id, error=error)
        self._error = error


class Registrar:
    """The keepers of a hive: its own and one for each worker."""

    def __init__(self, hive: str, describe: Describe, client: RegistryClient, interval_seconds: float) -> None:
        self._hive = hive
        self._describe = describe
        self._client = client
        self._interval_seconds = interval_seconds
        self._keepers: dict[str, RegistrationLoop] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._withdrawn: set[str] = set()

    def poke(self) -> None:
        """Something changed: tell the registry at once."""
        for identifier in self._describe():
            if identifier not in self._keepers:
                self._keep(identifier)
        for keeper in list(self._keepers.values()):
            keeper.poke()

    async def stop(self, seconds: float) -> None:
        """Withdraw the workers, then the hive, within `seconds`; what cannot be told then runs out by itself."""
        workers = [identifier for identifier in self._keepers if identifier != self._hive]
        try:
            async with asyncio.timeout(seconds):
                await self._withdraw(workers)
                await self._withdraw([self._hive])
        except TimeoutError:
            logs.event(log, "not_withdrawn", level=logging.WARNING, ids=sorted(self._keepers))
        for task in self._tasks.values():
            task.cancel()

    async def _withdraw(self, identifiers: list[str]) -> None:
        self._withdrawn.update(identifiers)
        kept = [self._keepers[identifier] for identifier in identifiers if identifier in self._keepers]
        for keeper in kept:
            keeper.close()
        for keeper in kept:
            await keeper.wait_gone()

    def _keep(self, identifier: str) -> None:
        keeper = RegistrationLoop(identifier, lambda: self._wanted(identifier), self._client, self._interval_seconds, self._forget)
        self._keepers[identifier] = keeper
        self._tasks[identifier] = background(keeper.run())

    def _forget(self, identifier: str) -> None:
        del self._keepers[identifier], self._tasks[identifier]

    def _wanted(self, identifier: str) -> wire.Registration | None:
        return None if identifier in self._withdrawn else self._describe().get(identifier)


def _facts(registration: wire.Registration | None) -> wire.Registration | None:
    return registration and msgspec.structs.replace(registration, metrics={})


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
