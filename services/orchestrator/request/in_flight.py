"""Counts requests and attempts in flight. Only guards change the counters, so every way out of a request restores them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Container
from types import TracebackType


class InFlight:
    """Client requests (`total`), attempts per worker (`at`), and the order in which workers had their last attempts."""

    def __init__(self) -> None:
        self.total = 0
        self._by_worker: Counter[str] = Counter()
        self._turns: dict[str, int] = {}
        self._last_turn = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def request(self) -> RequestGuard:
        """Hold one client request for the length of a `with` block."""
        return RequestGuard(self)

    def attempt(self, worker_id: str) -> AttemptGuard:
        """Hold one attempt at a worker for the length of a `with` block."""
        return AttemptGuard(self, worker_id)

    def at(self, worker_id: str) -> int:
        return self._by_worker.get(worker_id, 0)

    def turn(self, worker_id: str) -> int:
        """The sequence number of the last attempt at this worker. 0 means that it had no attempt yet."""
        return self._turns.get(worker_id, 0)

    def forget_all_but(self, worker_ids: Container[str]) -> None:
        """Drop the sequence numbers of removed workers. Worker ids can be new at every restart, so they would accumulate."""
        self._turns = {worker_id: turn for worker_id, turn in self._turns.items() if worker_id in worker_ids}

    async def idle(self) -> None:
        """Wait until no client request is left."""
        await self._idle.wait()

    def _enter(self) -> None:
        self.total += 1
        self._idle.clear()

    def _leave(self) -> None:
        self.total -= 1
        if self.total == 0:
            self._idle.set()

    def _start(self, worker_id: str) -> None:
        self._by_worker[worker_id] += 1
        self._last_turn += 1
        self._turns[worker_id] = self._last_turn

    def _finish(self, worker_id: str) -> None:
        self._by_worker[worker_id] -= 1
        if not self._by_worker[worker_id]:  # A zero for each former worker id would accumulate.
            del self._by_worker[worker_id]


class RequestGuard:
    """Counts one client request while it is entered."""

    __slots__ = ("_in_flight",)

    def __init__(self, in_flight: InFlight) -> None:
        self._in_flight = in_flight

    def __enter__(self) -> None:
        self._in_flight._enter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._in_flight._leave()


class AttemptGuard:
    """Counts one attempt at a worker while it is entered."""

    __slots__ = ("_in_flight", "_worker_id")

    def __init__(self, in_flight: InFlight, worker_id: str) -> None:
        self._in_flight = in_flight
        self._worker_id = worker_id

    def __enter__(self) -> None:
        self._in_flight._start(self._worker_id)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._in_flight._finish(self._worker_id)
