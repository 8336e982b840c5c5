"""The table of registrations: leases, epochs and the revision. Pure: each method receives the current moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from services import wire
from services.api_errors import ApiError
from services.registry.clock import Moment
from services.registry.mass_loss import is_mass_loss

StatusFilter = Literal["online", "unconfirmed", "offline", "all"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One registration and its lease. `leased_at` is on the lease clock, the other times are seconds since 1970."""

    registration: wire.Registration
    status: wire.EntryStatus
    registered_at: float
    heartbeat_at: float
    leased_at: float


@dataclass(frozen=True)
class Query:
    """A filter for entries. None matches any value."""

    kind: wire.NodeKind | None = None
    model: str | None = None
    hive: str | None = None
    status: StatusFilter = "online"


@dataclass
class Totals:
    """Counters since the process started."""

    registrations: int = 0
    heartbeats: int = 0
    deregistrations: int = 0
    expirations: int = 0


@dataclass(frozen=True)
class Swept:
    """The ids that one sweep changed."""

    unconfirmed: tuple[str, ...]
    expired: tuple[str, ...]
    removed: tuple[str, ...]


class Table:
    """The entries by id. `revision` grows with each change that matters to routing, but not with metrics or time."""

    def __init__(self, ttl_seconds: float, removal_seconds: float, *, revision: int = 0, entries: Iterable[Entry] = ()) -> None:
        self.ttl_seconds = ttl_seconds
        self.removal_seconds = removal_seconds
        self.revision = revision
        self.totals = Totals()
        self._entries = {entry.registration.id: entry for entry in entries}
        self._changed: set[str] = set()

    def register(self, registration: wire.Registration, now: Moment) -> bool:
        """Accept a registration. Returns whether its id is new. Raises ApiError 409 conflict or stale_epoch."""
        known = self._current(registration.id, now)
        if known:
            _must_supersede(registration, known)
        is_same = known is not None and known.registration.epoch == registration.epoch
        # The same epoch is the same process that repeats its registration, for example after a lost response.
        registered_at = known.registered_at if known and is_same else now.wall
        self._put(_leased(registration, registered_at, now))
        self.totals.registrations += 1
        return known is None

    def heartbeat(self, identifier: str, heartbeat: wire.Heartbeat, now: Moment) -> Entry:
        """Renew a lease. Raises ApiError 404 for an unknown id (the client must register again), 409 for another epoch."""
        known = self._current(identifier, now)
        if known is None:
            raise ApiError("not_found", f"{identifier} is not registered; register it in full.")
        if heartbeat.epoch != known.registration.epoch:
            raise _stale(identifier, heartbeat.epoch, known)
        changes = {name: value for name, value in msgspec.structs.asdict(heartbeat).items() if value is not None}
        entry = _leased(msgspec.structs.replace(known.registration, **changes), known.registered_at, now)
        self._put(entry)
        self.totals.heartbeats += 1
        return entry

    def deregister(self, identifier: str, epoch: int, now: Moment) -> bool:
        """Remove an entry. Returns False if there is none. Raises ApiError 409 if `epoch` is older than the entry's."""
        known = self._current(identifier, now)
        if known is None:
            return False
        if epoch < known.registration.epoch:
            raise _stale(identifier, epoch, known)
        self._remove(identifier)
        self.totals.deregistrations += 1
        return True

    def expire(self, now: Moment) -> Swept:
        """Take entries without a lease offline, and remove entries `removal_seconds` after that.

        After a mass loss the entries are `unconfirmed` for one more lease, because the fault may be at the registry.
        """
        unconfirmed = self._unconfirm(now)
        expired = tuple(key for key, entry in self._entries.items() if self._has_expired(entry, now))
        for key in expired:
            self._take_offline(self._entries[key])
        limit = self.ttl_seconds + self.removal_seconds
        removed = tuple(key for key, entry in self._entries.items() if entry.status == "offline" and _age(entry, now) > limit)
        for key in removed:
            self._remove(key)
        return Swept(unconfirmed, expired, removed)

    def find(self, identifier: str, now: Moment) -> wire.ServiceEntry | None:
        """One entry of any status."""
        entry = self._entries.get(identifier)
        return self._view(entry, now) if entry else None

    def list(self, query: Query, now: Moment) -> tuple[wire.ServiceEntry, ...]:
        """The matching entries, by id. The status follows the lease's current age, not the last sweep."""
        views = (self._view(self._entries[key], now) for key in sorted(self._entries))
        return tuple(view for view in views if _matches(view, query))

    def take_changed(self) -> dict[str, Entry | None]:
        """The entries by id that changed since the last call, with None for a removed entry."""
        changed = {key: self._entries.get(key) for key in self._changed}
        self._changed = set()
        return changed

    def _current(self, identifier: str, now: Moment) -> Entry | None:
        """The entry. An expired one goes offline here, even before the next sweep."""
        entry = self._entries.get(identifier)
        return self._take_offline(entry) if entry and self._has_expired(entry, now) else entry

    def _unconfirm(self, now: Moment) -> tuple[str, ...]:
        lost = [key for key, entry in self._entries.items() if entry.status == "online" and not self._is_leased(entry, now)]
        ages = [_age(entry, now) for entry in self._entries.values() if entry.status != "offline"]
        if not lost or not is_mass_loss(ages, self.ttl_seconds):
            return ()
        for key in lost:
            self._put(msgspec.structs.replace(self._entries[key], status="unconfirmed"))
        return tuple(lost)

    def _has_expired(self, entry: Entry, now: Moment) -> bool:
        """Whether the entry must go offline now. An unconfirmed entry has one more lease."""
        if entry.status == "unconfirmed":
            return _age(entry, now) > 2 * self.ttl_seconds
        return entry.status == "online" and not self._is_leased(entry, now)

    def _is_leased(self, entry: Entry, now: Moment) -> bool:
        return _age(entry, now) <= self.ttl_seconds

    def _take_offline(self, entry: Entry) -> Entry:
        offline = msgspec.structs.replace(entry, status="offline")
        self._put(offline)
        self.totals.expirations += 1
        return offline

    def _put(self, entry: Entry) -> None:
        key = entry.registration.id
        known = self._entries.get(key)
        self._entries[key] = entry
        # Most heartbeats change only metrics. A new revision for each would wake up every long poll.
        if known is None or _routing_facts(known) != _routing_facts(entry):
            self._mark(key)

    def _remove(self, key: str) -> None:
        del self._entries[key]
        self._mark(key)

    def _mark(self, key: str) -> None:
        self.revision += 1
        self._changed.add(key)

    def _view(self, entry: Entry, now: Moment) -> wire.ServiceEntry:
        registration = entry.registration
        return wire.ServiceEntry(
            id=registration.id,
            kind=registration.kind,
            url=registration.url,
            epoch=registration.epoch,
            hive=registration.hive,
            models=registration.models,
            state=registration.state,
            health=registration.health,
            metrics=registration.metrics,
            status="offline" if self._has_expired(entry, now) else entry.status,
            registered_at=entry.registered_at,
            last_heartbeat_at=entry.heartbeat_at,
            heartbeat_age_seconds=_age(entry, now),
        )


def _age(entry: Entry, now: Moment) -> float:
    return now.lease - entry.leased_at


def _leased(registration: wire.Registration, registered_at: float, now: Moment) -> Entry:
    return Entry(registration=registration, status="online", registered_at=registered_at, heartbeat_at=now.wall, leased_at=now.lease)


def _routing_facts(entry: Entry) -> tuple[wire.Registration, wire.EntryStatus]:
    return msgspec.structs.replace(entry.registration, metrics={}), entry.status


def _must_supersede(registration: wire.Registration, known: Entry) -> None:
    # Two live services with the same id would replace each other's entry with every registration.
    if known.status != "offline" and registration.url != known.registration.url:
        message = f"{registration.id} is {known.status} at {known.registration.url}; stop it there or choose another id."
        raise ApiError("conflict", message, param="id")
    if registration.epoch < known.registration.epoch:
        raise _stale(registration.id, registration.epoch, known)


def _stale(identifier: str, epoch: int, known: Entry) -> ApiError:
    return ApiError("stale_epoch", f"{identifier} is registered with epoch {known.registration.epoch}, not {epoch}.", param="epoch")


def _matches(view: wire.ServiceEntry, query: Query) -> bool:
    return (
        query.status in ("all", view.status)
        and query.kind in (None, view.kind)
        and query.hive in (None, view.hive)
        and (query.model is None or query.model in view.models)
    )
