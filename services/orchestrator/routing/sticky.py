"""Which worker a session belongs to: its pin, else rendezvous hashing. Pure: no HTTP, no disk, and the clock is handed in.

Rendezvous hashing gives each worker a weight for the session and takes the heaviest: when a worker leaves, only its sessions
have a new heaviest; when one joins, only the sessions for which it is the heaviest do. Pins come first, so that a session stays
where its cache is even when a better worker joins.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from services.wire import ServiceEntry

# A pin in use is handed on to be stored again after this part of its life: often enough not to expire on disk, seldom enough not to cost.
STORED_AGAIN_AFTER = 1 / 8


@dataclass(frozen=True, slots=True)
class Pin:
    """Where a session was last served. Times in seconds since 1970: they must mean the same after a restart."""

    worker_id: str
    used_at: float
    stored_at: float


Changed = Callable[[bytes, Pin | None], None]


def _nobody_listens(key: bytes, pin: Pin | None) -> None:
    """For pins that need not survive."""


class Pins:
    """At most `capacity` pins, each for `ttl_seconds` after its last use; the longest unused goes first.

    `changed` hears of each pin that must be stored, and of each that is gone (None).
    """

    def __init__(self, ttl_seconds: float, capacity: int, clock: Callable[[], float], changed: Changed = _nobody_listens) -> None:
        self._ttl_seconds = ttl_seconds
        self._capacity = capacity
        self._clock = clock
        self._changed = changed
        self._pins: OrderedDict[bytes, Pin] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pins)

    def worker_of(self, key: bytes) -> str | None:
        """The worker a session is pinned to; None when it is not, or not any more."""
        pin = self._pins.get(key)
        return pin.worker_id if pin and self._clock() - pin.used_at <= self._ttl_seconds else None

    def put(self, key: bytes, worker_id: str) -> None:
        """Pin a session to a worker, or use its pin once more."""
        now, old = self._clock(), self._pins.get(key)
        is_news = old is None or old.worker_id != worker_id or now - old.stored_at >= self._ttl_seconds * STORED_AGAIN_AFTER
        pin = Pin(worker_id, now, now if old is None or is_news else old.stored_at)
        self._pins[key] = pin
        self._pins.move_to_end(key)
        if is_news:
            self._changed(key, pin)
        self._forget_old(now)

    def restore(self, pins: Iterable[tuple[bytes, Pin]]) -> None:
        """Take over stored pins, the longest unused first. They are older than all that are here."""
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
    """One request's session: to whom it belongs, and to whom it belongs afterwards."""

    pins: Pins
    key: bytes

    def pick(self, candidates: Sequence[ServiceEntry]) -> ServiceEntry:
        """The worker of the session if it is among the candidates (at least one), else the one that hashing gives it."""
        pinned = self.pins.worker_of(self.key)
        return next((worker for worker in candidates if worker.id == pinned), None) or rendezvous(self.key, candidates)

    def served(self, worker_id: str, busy: Iterable[str]) -> None:
        """The request succeeded at a worker: the session stays there. One whose own worker was merely `busy` goes back to it."""
        pinned = self.pins.worker_of(self.key)
        self.pins.put(self.key, pinned if pinned is not None and pinned in busy else worker_id)


def key_of(owner: str, model: str, session: str) -> bytes:
    """The key of a session: its owner's own, so that nobody shares a pin by guessing a name; short, however long the name is."""
    return blake2b("\0".join((owner, model, session)).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def rendezvous(key: bytes, candidates: Sequence[ServiceEntry]) -> ServiceEntry:
    """The candidate with the greatest weight for the key; the same in every process and whatever the order of candidates."""
    return max(candidates, key=lambda worker: blake2b(key + worker.id.encode(), digest_size=8).digest())
