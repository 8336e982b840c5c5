"""Registry grace: the services that stay routable after a registry lost its data."""

from __future__ import annotations

from services import wire
from services.orchestrator.routing.cluster import Cluster


def entry(identifier: str, status: wire.EntryStatus = "online") -> wire.ServiceEntry:
    return wire.ServiceEntry(
        id=identifier,
        kind="worker",
        url=f"http://{identifier}:1",
        epoch=1,
        hive=None,
        models=("m",),
        state="ready",
        health="healthy",
        metrics={},
        status=status,
        registered_at=0.0,
        last_heartbeat_at=0.0,
        heartbeat_age_seconds=0.0,
    )


def cluster_after(*snapshots: tuple[str, float, tuple[wire.ServiceEntry, ...]]) -> Cluster:
    cluster = Cluster(registry_grace_seconds=3.0)
    for instance, at, services in snapshots:
        cluster.apply(wire.ServiceList(instance=instance, revision=1, services=services), at)
    return cluster


def routed(cluster: Cluster) -> list[tuple[str, str]]:
    return [(worker.id, worker.status) for worker in cluster.view.by_model.get("m", ())]


def test_lost_data_keeps_workers() -> None:
    """A registry without its data loses no worker."""
    assert routed(cluster_after(("one", 0, (entry("a"), entry("b"))), ("two", 1, ()))) == [("a", "unconfirmed"), ("b", "unconfirmed")]


def test_registered_worker_preferred() -> None:
    """A worker that registers again is preferred to an unconfirmed one."""
    cluster = cluster_after(("one", 0, (entry("a"), entry("b"))), ("two", 1, ()), ("two", 2, (entry("a"),)))
    assert routed(cluster) == [("a", "online")]
    assert {worker.id: worker.status for worker in cluster.view.workers.values()} == {"a": "online", "b": "unconfirmed"}


def test_grace_ends() -> None:
    """After the grace time, the new registry applies completely."""
    assert routed(cluster_after(("one", 0, (entry("a"),)), ("two", 1, ()), ("two", 4, ()))) == []


def test_registry_with_data() -> None:
    """A registry with its data applies immediately."""
    assert routed(cluster_after(("one", 0, (entry("a"), entry("b"))), ("one", 1, (entry("b"),)))) == [("b", "online")]


def test_offline_worker_not_kept() -> None:
    """An offline worker is not kept."""
    assert routed(cluster_after(("one", 0, (entry("a"), entry("b", "offline"))), ("two", 1, ()))) == [("a", "unconfirmed")]


def test_second_loss() -> None:
    """A second loss within the grace time loses no worker."""
    cluster = cluster_after(("one", 0, (entry("a"), entry("b"))), ("two", 1, (entry("a"),)), ("three", 2, ()))
    assert routed(cluster) == [("a", "unconfirmed"), ("b", "unconfirmed")]


def test_unconfirmed_is_last_resort() -> None:
    """An unconfirmed worker is used only without a confirmed one."""
    both = cluster_after(("one", 0, (entry("a", "unconfirmed"), entry("b"))))
    alone = cluster_after(("one", 0, (entry("a", "unconfirmed"),)))
    assert (routed(both), routed(alone)) == ([("b", "online")], [("a", "unconfirmed")])
