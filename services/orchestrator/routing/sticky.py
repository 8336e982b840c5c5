"""Sticky sessions: a session stays at its pinned worker, and rendezvous hashing places a session without a pin.

Pure: no HTTP, no disk, and the clock is an argument. `pins.py` stores the pins.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from services.wire import ServiceEntry

# A pin in use is stored again after this part of its lifetime: before it expires on disk, but not at every request.
STORED_AGAIN_AFTER = 1 / 8


@dataclass(frozen=True, slots=True)
class Pin:
    """The last worker of a session. Times are seconds since 1970, because pins outlive a restart."""

    worker_id: str
    used_at: float
    stored_at: float


Changed = Callable[[bytes, Pin | None], None]


def _no_listener(key: bytes, pin: Pin | None) -> None:
    """For pins that are not stored."""


class Pins:
    """At most `capacity` pins, each for `ttl_seconds` after its last use. The least recently used pin is evicted first.

    `changed` is called with each pin to store, and with None for each evicted pin.
    """

    def __init__(self, ttl_seconds: float, capacity: int, clock: Callable[[], float], changed: Changed = _no_listener) -> None:
        self._ttl_seconds = ttl_seconds
        self._capacity = capacity
        self._clock = clock
        self._changed = changed
        self._pins: OrderedDict[bytes, Pin] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pins)

    def worker_of(self, key: bytes) -> str | None:
        """The pinned worker of a session, or None without a valid pin."""
        pin = self._pins.get(key)
        return pin.worker_id if pin and self._clock() - pin.used_at <= self._ttl_seconds else None

    def put(self, key: bytes, worker_id: str) -> None:
        """Pin a session to a worker, or renew its pin."""
        now, old = self._clock(), self._pins.get(key)
        is_news = old is None or old.worker_id != worker_id or now - old.stored_at >= self._ttl_seconds * STORED_AGAIN_AFTER
        pin = Pin(worker_id, now, now if old is None or is_news else old.stored_at)
        self._pins[key] = pin
        self._pins.move_to_end(key)
        if is_news:
            self._changed(key, pin)
        self._forget_old(now)

    def restore(self, pins: Iterable[tuple[bytes, Pin]]) -> None:
        """Load stored pins, least recently used first. They count as older than the present pins."""
        self._pins = OrderedDict([*pins, *self._pins.items()])
        self._forget_old(self._clock())

    def _forget_old(self, now: float) -> None:
        while self._pins:
            key, pin = next(iter(self._pins.items()))
            if len(self._pins) <= self._capacity and now - pin.used_at <= self._ttl_seconds:
                return
            del self._pins[key]
            self._changed(key, None)


@dataclass(slots=True)
class Affinity:
    """The affinity of one request: selects the worker of its session, and pins the session after success."""

    pins: Pins
    key: bytes

    def pick(self, candidates: Sequence[ServiceEntry]) -> ServiceEntry:
        """The pinned worker if it is a candidate, else the worker by hashing. `candidates` must not be empty."""
        pinned = self.pins.worker_of(self.key)
        return next((worker for worker in candidates if worker.id == pinned), None) or rendezvous(self.key, candidates)

    def served(self, worker_id: str, busy: Iterable[str]) -> None:
        """Pin the session to the worker that answered. If the pinned worker was only `busy`, the pin stays."""
        pinned = self.pins.worker_of(self.key)
        self.pins.put(self.key, pinned if pinned is not None and pinned in busy else worker_id)


def key_of(owner: str, model: str, session: str) -> bytes:
    """The key of a session. It contains the owner, so a client cannot share a pin by guessing a session name."""
    # A hash, because a session name can be as long as a header.
    return blake2b("\0".join((owner, model, session)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def rendezvous(key: bytes, candidates: Sequence[ServiceEntry]) -> ServiceEntry:
    """The candidate with the greatest weight for the key, independent of process and order."""
    # A worker that leaves moves only its own sessions. A worker that joins moves only those for which it has the greatest weight.
    return max(candidates, key=lambda worker: blake2b(key + worker.id.encode(), digest_size=8).digest())
