"""What the registry last said, indexed for routing. Immutable and pure: a new snapshot makes a new view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.wire import Health, ServiceEntry, ServiceList


@dataclass(frozen=True)
class View:
    """One snapshot. `by_model` holds routable workers only, suspects only where nobody else is left; its keys are sorted."""

    instance: str = ""
    revision: int = -1
    workers: Mapping[str, ServiceEntry] = field(default_factory=dict)
    hives: Mapping[str, ServiceEntry] = field(default_factory=dict)
    by_model: Mapping[str, tuple[ServiceEntry, ...]] = field(default_factory=dict)

    def has_routable(self) -> bool:
        return bool(self.by_model)


def is_routable(entry: ServiceEntry) -> bool:
    """Whether a worker may get requests: it is not offline, it takes work and does not call itself unable to do it."""
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
    """A hive whose lease ran out is unhealthy, whatever it last said; of an unconfirmed one nobody knows."""
    if entry.status == "unconfirmed":
        return "degraded"
    return entry.health if entry.status == "online" else "unhealthy"


def _by_model(workers: list[ServiceEntry]) -> dict[str, tuple[ServiceEntry, ...]]:
    models = sorted({model for worker in workers for model in worker.models})
    return {model: _preferred([worker for worker in workers if model in worker.models]) for model in models}


def _preferred(workers: list[ServiceEntry]) -> tuple[ServiceEntry, ...]:
    """Those with a lease; a suspect is better than nobody."""
    return tuple(worker for worker in workers if worker.status == "online") or tuple(workers)
