"""Cancels waits for the first byte of a worker that left the cluster, so that the proxy can retry on another worker."""

from __future__ import annotations

import asyncio
from types import TracebackType

from services.orchestrator.routing.view import View
from services.wire import ServiceEntry


class WorkerLoss:
    """The waits per worker. A draining worker has not left: it finishes its requests."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[FirstByteWait]] = {}

    def waiting(self, worker: ServiceEntry) -> FirstByteWait:
        """A wait for the length of an `async with` block. It ends with TimeoutError if `worker` leaves."""
        return FirstByteWait(self._waiting, worker)

    def apply(self, view: View) -> None:
        """Cancel the waits for workers that the view no longer lists, lists as offline, or lists with another epoch."""
        for worker_id, waiting in self._waiting.items():
            entry = view.workers.get(worker_id)
            for one in waiting:
                if entry is None or entry.status == "offline" or entry.epoch != one.epoch:
                    one.cancel()


class FirstByteWait:
    """One wait for a first byte."""

    __slots__ = ("_is_cancelled", "_limit", "_waits", "_worker_id", "epoch")

    def __init__(self, waits: dict[str, set[FirstByteWait]], worker: ServiceEntry) -> None:
        self._waits = waits
        self._worker_id = worker.id
        self._limit = asyncio.timeout(None)
        self._is_cancelled = False
        self.epoch = worker.epoch

    def cancel(self) -> None:
        """End the wait with TimeoutError."""
        # Two views can arrive before the waiting task runs, and an expired asyncio timeout cannot be rescheduled.
        if self._is_cancelled:
            return
        self._is_cancelled = True
        self._limit.reschedule(asyncio.get_running_loop().time())

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._waits.setdefault(self._worker_id, set()).add(self)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        others = self._waits[self._worker_id]
        others.discard(self)
        if not others:
            del self._waits[self._worker_id]
        await self._limit.__aexit__(kind, error, trace)
