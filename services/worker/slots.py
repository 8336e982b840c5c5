"""The slots of the simulated batch with a bounded FIFO queue. Further requests are rejected. It does not handle HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

_Turn = tuple[asyncio.Future[None], str]


class QueueFull(Exception):
    """All slots are in use and the queue is full."""


class Slots:
    """Runs at most `max_running` entries at once, and queues at most `max_waiting`. The key (the model) only labels the counts."""

    def __init__(self, max_running: int, max_waiting: int) -> None:
        self.max_running = max_running
        self._max_waiting = max_waiting
        self._running_by_key: Counter[str] = Counter()
        self._queue: deque[_Turn] = deque()
        self.running = 0
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def waiting(self) -> int:
        # Counted, because a cancelled entry may still be in the queue and must not take a waiting place.
        return sum(not turn.done() for turn, _ in self._queue)

    def running_of(self, key: str) -> int:
        return self._running_by_key[key]

    def waiting_of(self, key: str) -> int:
        return sum(not turn.done() for turn, owner in self._queue if owner == key)

    async def acquire(self, key: str) -> Slot:
        """Wait for a slot. Raises QueueFull at once if the queue is full. Use as `with await slots.acquire(key):`."""
        if self.running < self.max_running:
            self._enter(key)
            return Slot(self, key)
        if self.waiting >= self._max_waiting:
            raise QueueFull
        await self._wait_turn((asyncio.get_running_loop().create_future(), key))
        return Slot(self, key)

    async def _wait_turn(self, entry: _Turn) -> None:
        turn, key = entry
        self._queue.append(entry)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave(key)  # The slot was handed over just before the cancellation.
            with suppress(ValueError):
                self._queue.remove(entry)
            raise

    def leave(self, key: str) -> None:
        """Return one slot of `key` and pass it to the next entry in the queue. Only `Slot` calls it."""
        self.running -= 1
        self._running_by_key[key] -= 1
        while self._queue:
            turn, owner = self._queue.popleft()
            if not turn.done():  # A cancelled entry may still be in the queue.
                self._enter(owner)
                turn.set_result(None)
                return
        if not self.running:
            self.idle.set()

    def _enter(self, key: str) -> None:
        self.running += 1
        self._running_by_key[key] += 1
        self.idle.clear()


@dataclass
class Slot:
    """A slot in use. The end of its `with` block returns it exactly once."""

    slots: Slots
    key: str
    is_held: bool = True

    def release(self) -> None:
        if self.is_held:
            self.is_held = False
            self.slots.leave(self.key)

    def __enter__(self) -> Slot:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
