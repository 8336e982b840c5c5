"""The lives of workers: a managed one is started, watched, restarted and stopped; an attached one is only watched."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import socket
import time
from collections.abc import Awaitable
from typing import Protocol

from services import logs, wire
from services.hive import stale_processes
from services.hive.child import Child, describe_exit
from services.hive.launch import launch, worker_dir
from services.hive.memory import KernelKills, prefer_as_victim
from services.hive.orphan_killer import MARKER
from services.hive.probe import Prober
from services.hive.restart import Exit, GiveUp, Restart, decide
from services.hive.settings import HiveSettings
from services.hive.tasks import background
from services.hive.worker import Worker

log = logging.getLogger("services.hive.lives")

CANNOT_START_CODE = 127
OUT_OF_MEMORY = "out of memory"


class WorkerLifecycle(Protocol):
    """What keeps one worker going."""

    worker: Worker

    def start(self) -> None:
        """Begin; returns at once."""

    async def stop(self, drain_seconds: float) -> str:
        """Drain, end it, and say how it ended. Calling it again waits for the same end."""

    def reset(self) -> None:
        """Start a dead or fatal worker again now, its crashes forgotten."""


class ManagedLifecycle:
    """A worker that runs as our child. Only `_run` starts and ends processes, and it is never cancelled: so none is lost."""

    def __init__(
        self,
        worker: Worker,
        spec: wire.WorkerSpec,
        reserved: socket.socket,
        prober: Prober,
        settings: HiveSettings,
        kernel_kills: KernelKills,
    ) -> None:
        self.worker = worker
        self._spec = spec
        self._reserved = reserved
        self._prober = prober
        self._settings = settings
        self._kernel_kills = kernel_kills
        self._jitter = random.Random(worker.id)
        self._stop = asyncio.Event()
        self._reset = asyncio.Event()
        self._running: asyncio.Task[str] | None = None

    def start(self) -> None:
        self._running = background(self._run())

    async def stop(self, drain_seconds: float) -> str:
        self.worker.become("draining")
        await self.worker.wait_idle(drain_seconds)
        self._stop.set()
        return await asyncio.shield(self._running) if self._running else "never started"

    def reset(self) -> None:
        self._reset.set()

    async def _run(self) -> str:
        restarts_in_a_row = 0
        try:
            while not self.worker.is_draining:
                restarts_in_a_row = await self._pause(await self._incarnation(), restarts_in_a_row)
        except Exception:
            log.exception("life_failed")
            self.worker.become("fatal", "a bug in the hive; its log has the details")
        finally:
            self._reserved.close()
        return self.worker.last_exit or "never started"

    async def _pause(self, ended: Exit, restarts_in_a_row: int) -> int:
        """Wait until the next incarnation is due, or the end; the new count of restarts in a row."""
        if self.worker.is_draining:
            return 0
        decision, count = decide(self._settings.restart, restarts_in_a_row, ended, self._jitter)
        if isinstance(decision, GiveUp):
            self.worker.become("fatal", f"{count} restarts in a row")
        is_reset = await self._is_reset_within(decision.after_seconds if isinstance(decision, Restart) else None)
        self.worker.restarts += not self.worker.is_draining
        return 0 if is_reset else count

    async def _incarnation(self) -> Exit:
        """Start a process and stay with it until it has ended, by itself or because the worker is to stop."""
        worker = self.worker
        worker.begin()
        order = launch(self._settings, self._spec, worker.base.port or 0, worker.epoch)
        try:
            child = await Child.spawn(order)
        except OSError as error:
            worker.last_exit = f"cannot start {order.command[0]}: {error.strerror}"
            worker.become("dead", worker.last_exit)
            return Exit(CANNOT_START_CODE, 0.0)
        worker.pid = child.pid
        prefer_as_victim(child.pid)
        logs.event(log, "worker_started", worker=worker.id, pid=child.pid, epoch=worker.epoch)
        try:
            stale_processes.record(worker_dir(self._settings, worker.id), child.pid, order)
            return await self._accompany(child)
        finally:
            child.kill()  # a wrapper that died leaves its children behind
            await stale_processes.kill_marked(order.env[MARKER])
            stale_processes.forget(worker_dir(self._settings, worker.id))

    async def _accompany(self, child: Child) -> Exit:
        worker = self.worker
        alive_since: list[float] = []
        watching = asyncio.create_task(self._watch(alive_since))
        exited = asyncio.create_task(child.wait())
        try:
            await _first(exited, watching, self._stop.wait())
        finally:
            watching.cancel()
        complaint = watching.result() if watching.done() and not exited.done() else ""
        if complaint:
            worker.become("dead", complaint)
        elif exited.done() and exited.result() == -signal.SIGKILL and self._kernel_kills.is_one():
            complaint = OUT_OF_MEMORY
        code = exited.result() if exited.done() else await child.stop(self._settings.stop_grace_seconds)
        worker.last_exit = f"{describe_exit(code)} ({complaint})" if complaint else describe_exit(code)
        worker.become("dead", worker.last_exit)
        worker.pid = None
        logs.event(log, "worker_exited", worker=worker.id, pid=child.pid, exit=worker.last_exit)
        is_condemned = bool(complaint) and complaint != OUT_OF_MEMORY  # whom the kernel killed has crashed like any other
        return Exit(code, time.monotonic() - alive_since[0] if alive_since else 0.0, is_condemned=is_condemned)

    async def _watch(self, alive_since: list[float]) -> str:
        """Return when the process is of no use any more, and why."""
        try:
            async with asyncio.timeout(self._settings.start_deadline_seconds):
                await self._prober.await_models(self.worker)
        except TimeoutError:
            return f"its models did not answer within {self._settings.start_deadline_seconds:g} s"
        alive_since.append(time.monotonic())
        await self._prober.watch(self.worker, self._settings.hang_restart_seconds)
        return f"hung for {self._settings.hang_restart_seconds:g} s"

    async def _is_reset_within(self, seconds: float | None) -> bool:
        """Wait out a pause (None: for ever), cut short by a reset or by the end."""
        self._reset.clear()
        try:
            async with asyncio.timeout(seconds):
                await _first(self._reset.wait(), self._stop.wait())
        except TimeoutError:
            pass
        return self._reset.is_set()


class AttachedLifecycle:
    """A worker that runs elsewhere: watched, never started or stopped by us."""

    def __init__(self, worker: Worker, prober: Prober) -> None:
        self.worker = worker
        self._prober = prober
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.worker.begin()
        self._watching = background(self._watch())

    async def stop(self, drain_seconds: float) -> str:
        self.worker.become("draining")
        await self.worker.wait_idle(drain_seconds)
        if self._watching:
            self._watching.cancel()
        return "detached"

    def reset(self) -> None:
        """Nothing to do: the next probe that answers brings it back."""

    async def _watch(self) -> None:
        await self._prober.await_models(self.worker)
        await self._prober.watch(self.worker)


async def _first(*awaitables: Awaitable[object]) -> None:
    """Wait for the first of them; a task given stays running, what was wrapped here is cancelled."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    own = [task for task, awaitable in zip(tasks, awaitables, strict=True) if task is not awaitable]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in own:
            task.cancel()
