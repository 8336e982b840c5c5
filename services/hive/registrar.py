"""Reconciles the registry with the hive's current state: registers, renews and withdraws each id independently."""

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

# The first failures show the backoff in the log. A registry can be down for days, and the rest would only fill the log.
LOGGED_ATTEMPTS = 8

Describe = Callable[[], Mapping[str, wire.Registration]]


class RegistrationLoop:
    """One id at the registry. It reads the desired registration before every call, so a delayed call never sends old state."""

    def __init__(
        self,
        identifier: str,
        desired: Callable[[], wire.Registration | None],
        client: RegistryClient,
        interval: float,
        on_finished: Callable[[str], None],
    ) -> None:
        self._id = identifier
        self._desired = desired
        self._on_finished = on_finished
        self._client = client
        self._interval = interval
        self._jitter = random.Random(identifier)
        self._wake = asyncio.Event()
        self._finished = asyncio.Event()
        # The epoch that the registry may hold of this id. Set before the call, because the response can be lost.
        self._held_epoch: int | None = None
        self._is_registered = False
        self._is_closing = False
        self._least_epoch = 0
        self._sent: wire.Registration | None = None
        self._error = ""

    def reconcile_now(self) -> None:
        """Reconcile now if anything but metrics has changed."""
        desired = self._desired()
        if desired is None or _facts(desired) != _facts(self._sent):
            self._wake.set()

    def close(self) -> None:
        """Withdraw with a few attempts. After that the lease expires by itself."""
        self._is_closing = True
        self._wake.set()

    async def wait_withdrawn(self) -> None:
        """Return when the id is withdrawn, or when all attempts have failed."""
        await self._finished.wait()

    async def run(self) -> None:
        """Reconcile until the id is no longer wanted and is withdrawn."""
        failures = 0
        while not self._finished.is_set():
            self._wake.clear()
            started = time.monotonic()
            try:
                await self._reconcile(self._desired())
                failures = 0
                self._log_state("")
                pause: float | None = self._interval
            except RegistryError as error:
                pause = self._backoff_seconds(failures)
                failures += 1
                self._log_state(str(error))
                if failures <= LOGGED_ATTEMPTS:
                    call_seconds = round(time.monotonic() - started, 3)
                    logs.event(log, "registry_call_failed", id=self._id, attempt=failures, call_seconds=call_seconds, code=error.code)
                if self._is_closing and failures >= CLOSING_ATTEMPTS:
                    self._finish()
            if not self._finished.is_set():
                await _wait(self._wake, pause)

    async def _reconcile(self, desired: wire.Registration | None) -> None:
        if desired is None:
            await self._withdraw()
            return
        registration = msgspec.structs.replace(desired, epoch=max(desired.epoch, self._least_epoch))
        try:
            if self._is_registered and self._held_epoch == registration.epoch:
                await self._renew(registration)
            else:
                await self._register(registration)
        except RegistryError as error:
            await self._handle_rejection(error, registration)
            raise
        self._sent = desired

    async def _register(self, registration: wire.Registration) -> None:
        self._held_epoch = registration.epoch
        self._is_registered = False
        await self._client.register(registration)
        self._is_registered = True
        logs.event(log, "registered", id=self._id, epoch=registration.epoch, models=registration.models)

    async def _renew(self, desired: wire.Registration) -> None:
        heartbeat = wire.Heartbeat(
            epoch=desired.epoch, state=desired.state, health=desired.health, models=desired.models, metrics=desired.metrics
        )
        try:
            await self._client.heartbeat(self._id, heartbeat)
        except RegistryError as error:
            if error.code != "not_found":
                raise
            await self._register(desired)

    async def _withdraw(self) -> None:
        if self._held_epoch is not None:
            try:
                await self._client.deregister(self._id, self._held_epoch)
            except RegistryError as error:
                if error.code != "stale_epoch":  # A newer incarnation owns the id, so it must stay registered.
                    raise
            logs.event(log, "withdrawn", id=self._id, epoch=self._held_epoch)
        self._held_epoch, self._is_registered, self._sent = None, False, None
        if self._desired() is None:  # The worker may have become alive again during the call.
            self._finish()

    def _finish(self) -> None:
        self._finished.set()
        self._on_finished(self._id)

    async def _handle_rejection(self, error: RegistryError, registration: wire.Registration) -> None:
        """Raise the epoch after `stale_epoch`, and forget it after `conflict`."""
        # After a clock step back the epoch is older than the one of the last incarnation. The next one must exceed the registry's.
        if error.code == "stale_epoch":
            self._is_registered = False
            self._least_epoch = max(time.time_ns(), registration.epoch, await self._client.epoch_of(self._id)) + 1
        if error.code == "conflict":  # The id belongs to another address, and a deregistration would remove that service.
            self._held_epoch = None

    def _backoff_seconds(self, failures: int) -> float:
        nominal: float = min(BACKOFF_CAP_SECONDS, self._interval, BACKOFF_BASE_SECONDS * 2 ** min(failures, 10))
        return nominal * (1 + 0.1 * self._jitter.uniform(-1, 1))

    def _log_state(self, error: str) -> None:
        if error != self._error:
            name, level = ("registry_failed", logging.WARNING) if error else ("registry_answers", logging.INFO)
            logs.event(log, name, level=level, id=self._id, error=error)
        self._error = error


class Registrar:
    """The registration loops of a hive: its own and one for each worker."""

    def __init__(self, hive: str, describe: Describe, client: RegistryClient, interval_seconds: float) -> None:
        self._hive = hive
        self._describe = describe
        self._client = client
        self._interval_seconds = interval_seconds
        self._loops: dict[str, RegistrationLoop] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._withdrawn: set[str] = set()

    def reconcile_now(self) -> None:
        """Send a change to the registry at once."""
        for identifier in self._describe():
            if identifier not in self._loops:
                self._start_loop(identifier)
        for loop in list(self._loops.values()):
            loop.reconcile_now()

    async def stop(self, seconds: float) -> None:
        """Withdraw the workers, then the hive, within `seconds`. Remaining leases expire by themselves."""
        workers = [identifier for identifier in self._loops if identifier != self._hive]
        try:
            async with asyncio.timeout(seconds):
                await self._withdraw(workers)
                await self._withdraw([self._hive])
        except TimeoutError:
            logs.event(log, "not_withdrawn", level=logging.WARNING, ids=sorted(self._loops))
        for task in self._tasks.values():
            task.cancel()

    async def _withdraw(self, identifiers: list[str]) -> None:
        self._withdrawn.update(identifiers)
        loops = [self._loops[identifier] for identifier in identifiers if identifier in self._loops]
        for loop in loops:
            loop.close()
        for loop in loops:
            await loop.wait_withdrawn()

    def _start_loop(self, identifier: str) -> None:
        loop = RegistrationLoop(identifier, lambda: self._desired(identifier), self._client, self._interval_seconds, self._forget)
        self._loops[identifier] = loop
        self._tasks[identifier] = background(loop.run())

    def _forget(self, identifier: str) -> None:
        del self._loops[identifier], self._tasks[identifier]

    def _desired(self, identifier: str) -> wire.Registration | None:
        return None if identifier in self._withdrawn else self._describe().get(identifier)


def _facts(registration: wire.Registration | None) -> wire.Registration | None:
    return registration and msgspec.structs.replace(registration, metrics={})


async def _wait(event: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
