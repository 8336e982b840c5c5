"""Limits the connections in use per worker. Requests wait for a connection in order, for a limited time. Opens no socket itself."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType


class PoolExhausted(Exception):
    """No connection to the worker was free in time."""


class Pool:
    """Counts connections in use. The HTTP client owns the sockets and opens one only if none is idle."""

    def __init__(self, limit: int, wait_seconds: float, on_wait: Callable[[float, bool], None] = lambda *_: None) -> None:
        self.wait_seconds = wait_seconds
        self._limit = limit
        self._on_wait = on_wait
        self._used: Counter[str] = Counter()
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    @property
    def used(self) -> int:
        return self._used.total()

    @property
    def waiting(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def used_at(self, worker_id: str) -> int:
        return self._used.get(worker_id, 0)

    def connection(self, worker_id: str) -> PooledConnection:
        """Hold one connection for the length of an `async with` block. Raises PoolExhausted after `wait_seconds`."""
        return PooledConnection(self, worker_id)

    async def _take(self, worker_id: str) -> None:
        if self._used[worker_id] < self._limit:
            self._used[worker_id] += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault(worker_id, deque())
        queue.append(turn)
        started, has_timed_out = time.monotonic(), True
        try:
            async with asyncio.timeout(self.wait_seconds):
                await turn
            has_timed_out = False
        except TimeoutError:
            raise PoolExhausted from None
        finally:
            if has_timed_out:
                self._give_up(worker_id, queue, turn)
            self._on_wait(time.monotonic() - started, has_timed_out)

    def _give_up(self, worker_id: str, queue: deque[asyncio.Future[None]], turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():
            self._give(worker_id)  # The timeout and the handover happened in the same loop iteration.
        elif turn in queue:
            queue.remove(turn)
        if not queue:
            self._queues.pop(worker_id, None)

    def _give(self, worker_id: str) -> None:
        """Return one connection: to the first waiting request, else to the pool."""
        queue = self._queues.get(worker_id)
        while queue:
            turn = queue.popleft()
            if not queue:
                del self._queues[worker_id]
            if not turn.done():
                # A direct handover: `_used` stays the same, so no later request can take the connection first.
                turn.set_result(None)
                return
        self._used[worker_id] -= 1
        if not self._used[worker_id]:
            del self._used[worker_id]


class PooledConnection:
    """One connection in use."""

    __slots__ = ("_pool", "_worker_id")

    def __init__(self, pool: Pool, worker_id: str) -> None:
        self._pool = pool
        self._worker_id = worker_id

    async def __aenter__(self) -> None:
        await self._pool._take(self._worker_id)

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._pool._give(self._worker_id)
