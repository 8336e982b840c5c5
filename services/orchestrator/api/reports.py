"""The bodies of `/health`, `/services` and the cluster status. Pure functions of a view and counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from services.orchestrator.request.in_flight import InFlight
from services.orchestrator.routing.cluster import Cluster
from services.orchestrator.routing.view import View, hive_health
from services.orchestrator.usage.ledger import Ledger
from services.wire import EntryStatus, Health, ServiceEntry


def status(cluster: Cluster) -> Health:
    """healthy: the registry answers, every hive is healthy and a worker is routable. unhealthy: no worker is routable."""
    if not cluster.view.has_routable():
        return "unhealthy"
    is_whole = cluster.is_connected and all(hive_health(hive) == "healthy" for hive in cluster.view.hives.values())
    return "healthy" if is_whole else "degraded"


def health(cluster: Cluster, now: float) -> dict[str, Any]:
    """The gateway's part of `/health`."""
    return {
        "status": status(cluster),
        "hives": _hives(cluster.view),
        "workers": {worker.id: worker.status for worker in cluster.view.workers.values()},
        "registry": registry(cluster, now),
    }


def with_ledger(health: dict[str, Any], ledger: Ledger) -> dict[str, Any]:
    """Health with the state of the ledger. While the ledger file is not writable, the gateway serves but is degraded."""
    status = "degraded" if ledger.error and health["status"] == "healthy" else health["status"]
    return health | {"status": status, "ledger": {"error": ledger.error, "unwritten": len(ledger.unwritten)}}


def registry(cluster: Cluster, now: float) -> dict[str, Any]:
    """The connection to the registry. `age_seconds` is the time since its last answer."""
    view = cluster.view
    # An empty instance means that the registry has never answered.
    known = {"instance": view.instance, "revision": view.revision} if view.instance else {"instance": None, "revision": None}
    return {"connected": cluster.is_connected, **known, "age_seconds": cluster.age_seconds(now)}


def cluster_status(cluster: Cluster, in_flight: InFlight, now: float) -> dict[str, Any]:
    """Body of `/api/cluster/status`."""
    workers = cluster.view.workers.values()
    count = Counter(worker.status for worker in workers)
    return {
        "status": status(cluster),
        "workers": {"total": len(workers), "online": count["online"], "unconfirmed": count["unconfirmed"], "offline": count["offline"]},
        "hives": _hives(cluster.view),
        "models": list(cluster.view.by_model),
        "in_flight": in_flight.total,
        "registry": registry(cluster, now),
    }


def worker(entry: ServiceEntry, in_flight: InFlight, since_update_seconds: float) -> dict[str, Any]:
    """One entry of `/api/cluster/workers`. The heartbeat age includes the time since the registry reported it."""
    return {
        "id": entry.id,
        "status": entry.status,
        "state": entry.state,
        "health": entry.health,
        "models": entry.models,
        "url": entry.url,
        "hive": entry.hive,
        "epoch": entry.epoch,
        "metrics": entry.metrics,
        "registered_at": entry.registered_at,
        "last_heartbeat_at": entry.last_heartbeat_at,
        "heartbeat_age_seconds": entry.heartbeat_age_seconds + since_update_seconds,
        "in_flight": in_flight.at(entry.id),
    }


def services(cluster: Cluster, in_flight: InFlight, name: str, url: str, registry_url: str) -> list[dict[str, Any]]:
    """Every service of the cluster: the registry, this gateway, the hives, the workers."""
    view = cluster.view
    registry_health = "healthy" if cluster.is_connected else "unhealthy"
    return [
        _service("registry", "registry", registry_url, registry_health, status="online" if cluster.is_connected else "offline"),
        _service(name, "orchestrator", url, status(cluster), models=view.by_model, in_flight=in_flight.total),
        *(_hive(hive, view, in_flight) for hive in view.hives.values()),
        *(_worker(entry, in_flight) for entry in view.workers.values()),
    ]


def _hives(view: View) -> dict[str, Health]:
    return {hive.id: hive_health(hive) for hive in view.hives.values()}


def _hive(hive: ServiceEntry, view: View, in_flight: InFlight) -> dict[str, Any]:
    own = [worker for worker in view.workers.values() if worker.hive == hive.id]
    models = sorted({model for worker in own for model in worker.models})
    total = sum(in_flight.at(worker.id) for worker in own)
    return _service(hive.id, "hive", hive.url, hive_health(hive), models=models, in_flight=total, status=hive.status)


def _worker(entry: ServiceEntry, in_flight: InFlight) -> dict[str, Any]:
    # The registry may have lost the heartbeats of an unconfirmed worker, so the worker is not unhealthy yet.
    health = entry.health if entry.status == "online" else "degraded" if entry.status == "unconfirmed" else "unhealthy"
    at = in_flight.at(entry.id)
    return _service(entry.id, "worker", entry.url, health, models=entry.models, in_flight=at, status=entry.status, hive=entry.hive)


def _service(
    name: str,
    kind: str,
    url: str,
    health: str,
    *,
    models: Iterable[str] = (),
    in_flight: int = 0,
    status: EntryStatus = "online",
    hive: str | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "url": url,
        "health": health,
        "status": status,
        "models": list(models),
        "in_flight": in_flight,
        "hive": hive,
    }
