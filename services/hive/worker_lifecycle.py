"""Runs workers: starts, probes, restarts and stops a managed worker, and only probes an attached one."""

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
from services.hive.memory import KernelKills, prefer_for_oom_kill
from services.hive.orphan_killer import MARKER
from services.hive.probe import Prober
from services.hive.restart import Exit, GiveUp, Restart, decide
from services.hive.settings import HiveSettings
from services.hive.tasks import background
from services.hive.worker import Worker

log = logging.getLogger("services.hive.worker_lifecycle")

CANNOT_START_CODE = 127
OUT_OF_MEMORY = "out of memory"


class WorkerLifecycle(Protocol):
    """Runs one worker."""

    worker: Worker

    def start(self) -> None:
        """Start the worker's task and return at once."""

    async def stop(self, drain_seconds: float) -> str:
        """Drain and stop the worker, and return its exit. A second call waits for the same stop."""

    def reset(self) -> None:
        """Restart a dead or fatal worker now, and forget its crashes."""


class ManagedLifecycle:
    """A worker as a child process of the hive."""

    # Only `_run` starts and ends processes, and it is never cancelled. So no process can get lost.

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
            log.exception("worker_lifecycle_failed")
            self.worker.become("fatal", "internal error of the hive; its log has the details")
        finally:
            self._reserved.close()
        return self.worker.last_exit or "never started"

    async def _pause(self, ended: Exit, restarts_in_a_row: int) -> int:
        """Wait until the next incarnation is due or the worker stops. Returns the new number of consecutive restarts."""
        if self.worker.is_draining:
            return 0
        decision, count = decide(self._settings.restart, restarts_in_a_row, ended, self._jitter)
        if isinstance(decision, GiveUp):
            self.worker.become("fatal", f"restarts in a row: {count}")
        is_reset = await self._is_reset_within(decision.after_seconds if isinstance(decision, Restart) else None)
        self.worker.restarts += not self.worker.is_draining
        return 0 if is_reset else count

    async def _incarnation(self) -> Exit:
        """Start a process and supervise it until it has exited."""
        worker = self.worker
        worker.begin()
        launch_spec = launch(self._settings, self._spec, worker.base.port or 0, worker.epoch)
        try:
            child = await Child.spawn(launch_spec)
        except OSError as error:
            worker.last_exit = f"cannot start {launch_spec.command[0]}: {error.strerror}"
            worker.become("dead", worker.last_exit)
            return Exit(CANNOT_START_CODE, 0.0)
        worker.pid = child.pid
        prefer_for_oom_kill(child.pid)
        logs.event(log, "worker_started", worker=worker.id, pid=child.pid, epoch=worker.epoch)
        try:
            stale_processes.record(worker_dir(self._settings, worker.id), child.pid, launch_spec)
            return await self._supervise(child)
        finally:
            child.kill()  # A wrapper that crashed leaves its children running.
            await stale_processes.kill_marked(launch_spec.env[MARKER])
            stale_processes.forget(worker_dir(self._settings, worker.id))

    async def _supervise(self, child: Child) -> Exit:
        worker = self.worker
        alive_since: list[float] = []
        watching = asyncio.create_task(self._watch(alive_since))
        exited = asyncio.create_task(child.wait())
        try:
            await _first(exited, watching, self._stop.wait())
        finally:
            watching.cancel()
        stop_reason = watching.result() if watching.done() and not exited.done() else ""
        if stop_reason:
            worker.become("dead", stop_reason)
        elif exited.done() and exited.result() == -signal.SIGKILL and self._kernel_kills.has_new_kill():
            stop_reason = OUT_OF_MEMORY
        code = exited.result() if exited.done() else await child.stop(self._settings.stop_grace_seconds)
        worker.last_exit = f"{describe_exit(code)} ({stop_reason})" if stop_reason else describe_exit(code)
        worker.become("dead", worker.last_exit)
        worker.pid = None
        logs.event(log, "worker_exited", worker=worker.id, pid=child.pid, exit=worker.last_exit)
        is_stopped_by_hive = bool(stop_reason) and stop_reason != OUT_OF_MEMORY  # An OOM kill is a crash like any other.
        return Exit(code, time.monotonic() - alive_since[0] if alive_since else 0.0, is_stopped_by_hive=is_stopped_by_hive)

    async def _watch(self, alive_since: list[float]) -> str:
        """Return the reason as soon as the hive has to stop a useless process."""
        try:
            async with asyncio.timeout(self._settings.start_deadline_seconds):
                await self._prober.await_models(self.worker)
        except TimeoutError:
            return f"its models did not answer within {self._settings.start_deadline_seconds:g} s"
        alive_since.append(time.monotonic())
        await self._prober.watch(self.worker, self._settings.hang_restart_seconds)
        return f"hung for {self._settings.hang_restart_seconds:g} s"

    async def _is_reset_within(self, seconds: float | None) -> bool:
        """Wait for `seconds` (None: forever). A reset or a stop ends the wait early."""
        self._reset.clear()
        try:
            async with asyncio.timeout(seconds):
                await _first(self._reset.wait(), self._stop.wait())
        except TimeoutError:
            pass
        return self._reset.is_set()


class AttachedLifecycle:
    """A worker outside of the hive: probed, but never started or stopped."""

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
        """Has no effect: the next successful probe makes the worker alive."""

    async def _watch(self) -> None:
        await self._prober.await_models(self.worker)
        await self._prober.watch(self.worker)


async def _first(*awaitables: Awaitable[object]) -> None:
    """Wait for the first awaitable. Given tasks go on running, and tasks created here are cancelled."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    own = [task for task, awaitable in zip(tasks, awaitables, strict=True) if task is not awaitable]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in own:
            task.cancel()
