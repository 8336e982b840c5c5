"""The last registry snapshot, indexed for routing. Immutable: each snapshot makes a new view. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.wire import Health, ServiceEntry, ServiceList


@dataclass(frozen=True)
class View:
    """One snapshot. `by_model` (sorted) holds the routable workers.

    Workers without a lease are in it only if no other worker serves the model.
    """

    instance: str = ""
    revision: int = -1
    workers: Mapping[str, ServiceEntry] = field(default_factory=dict)
    hives: Mapping[str, ServiceEntry] = field(default_factory=dict)
    by_model: Mapping[str, tuple[ServiceEntry, ...]] = field(default_factory=dict)

    def has_routable(self) -> bool:
        return bool(self.by_model)


def is_routable(entry: ServiceEntry) -> bool:
    """Whether a worker may get requests: it is not offline, it is ready, and it does not report itself unhealthy."""
    return entry.kind == "worker" and entry.status != "offline" and entry.state == "ready" and entry.health != "unhealthy"


def view_of(snapshot: ServiceList) -> View:
    """The view of one snapshot."""
    entries = sorted(snapshot.services, key=lambda entry: entry.id)
    return View(
        instance=snapshot.instance,
        revision=snapshot.revision,
        workers={entry.id: entry for entry in entries if entry.kind == "worker"},
        hives={entry.id: entry for entry in entries if entry.kind == "hive"},
        by_model=_by_model([entry for entry in entries if is_routable(entry)]),
    )


def hive_health(entry: ServiceEntry) -> Health:
    """The reported health of a hive with a lease. Without one, a hive is degraded if unconfirmed, else unhealthy."""
    if entry.status == "unconfirmed":
        return "degraded"
    return entry.health if entry.status == "online" else "unhealthy"


def _by_model(workers: list[ServiceEntry]) -> dict[str, tuple[ServiceEntry, ...]]:
    models = sorted({model for worker in workers for model in worker.models})
    return {model: _preferred([worker for worker in workers if model in worker.models]) for model in models}


def _preferred(workers: list[ServiceEntry]) -> tuple[ServiceEntry, ...]:
    """The workers with a lease, or all if none has one."""
    # An unconfirmed worker may still run: the registry lost most heartbeats at once, so the fault may be its own.
    return tuple(worker for worker in workers if worker.status == "online") or tuple(workers)
