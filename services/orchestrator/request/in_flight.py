"""Counts requests and attempts in flight. Only guards change the counters, so every way out of a request restores them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Container
from types import TracebackType

from services.orchestrator.request.recent_peaks import RecentPeaks


class InFlight:
    """Client requests (`total`), attempts per worker (`at`), their recent peaks, and the order in which workers had their last attempts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = 0
        self._clock = clock
        self._by_worker: Counter[str] = Counter()
        self._peaks: dict[str, RecentPeaks] = {}
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

    def most(self, worker_id: str, since: float, until: float) -> int:
        """The most attempts at a worker from `since` to `until`, two recent moments of the clock."""
        peaks = self._peaks.get(worker_id)
        return peaks.most(since, until) if peaks else 0

    def turn(self, worker_id: str) -> int:
        """The sequence number of the last attempt at this worker. 0 means that it had no attempt yet."""
        return self._turns.get(worker_id, 0)

    def forget_all_but(self, worker_ids: Container[str]) -> None:
        """Drop the peaks and sequence numbers of removed workers. Worker ids can be new at every restart, so they would accumulate."""
        self._peaks = {worker_id: peaks for worker_id, peaks in self._peaks.items() if worker_id in worker_ids}
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
        self._record(worker_id)
        self._last_turn += 1
        self._turns[worker_id] = self._last_turn

    def _finish(self, worker_id: str) -> None:
        self._by_worker[worker_id] -= 1
        self._record(worker_id)
        if not self._by_worker[worker_id]:  # A zero for each former worker id would accumulate.
            del self._by_worker[worker_id]

    def _record(self, worker_id: str) -> None:
        peaks = self._peaks.get(worker_id)
        if peaks is None:
            peaks = self._peaks[worker_id] = RecentPeaks()
        peaks.record(self._by_worker[worker_id], self._clock())


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
