"""Requests that wait for a worker's first byte are called back when the worker leaves: nobody waits for the dead or the frozen."""

from __future__ import annotations

import asyncio
from types import TracebackType

from services.orchestrator.routing.view import View
from services.wire import ServiceEntry


class WorkerLoss:
    """Who waits for whom. A worker that drains has not left: it still answers what it has."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[Waiting]] = {}

    def waiting(self, worker: ServiceEntry) -> Waiting:
        """For the length of an `async with` block, which ends with TimeoutError when `worker` leaves."""
        return Waiting(self._waiting, worker)

    def apply(self, view: View) -> None:
        """Call back everybody who waits for a worker that the view has no more."""
        for worker_id, waiting in self._waiting.items():
            entry = view.workers.get(worker_id)
            for one in waiting:
                if entry is None or entry.status == "offline" or entry.epoch != one.epoch:
                    one.call_back()


class Waiting:
    """One who waits."""

    __slots__ = ("_everybody", "_is_called_back", "_limit", "_worker_id", "epoch")

    def __init__(self, everybody: dict[str, set[Waiting]], worker: ServiceEntry) -> None:
        self._everybody = everybody
        self._worker_id = worker.id
        self._limit = asyncio.timeout(None)
        self._is_called_back = False
        self.epoch = worker.epoch

    def call_back(self) -> None:
        """Once: two views may come before the one who waits has noticed, and a limit that is running out takes no other time."""
        if self._is_called_back:
            return
        self._is_called_back = True
        self._limit.reschedule(asyncio.get_running_loop().time())

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._everybody.setdefault(self._worker_id, set()).add(self)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        others = self._everybody[self._worker_id]
        others.discard(self)
        if not others:
            del self._everybody[self._worker_id]
        await self._limit.__aexit__(kind, error, trace)
