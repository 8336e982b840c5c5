"""Who is kept while a registry without its data learns of everybody again."""

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


def test_a_registry_that_lost_its_data_loses_nobody() -> None:
    assert routed(cluster_after(("one", 0, (entry("a"), entry("b"))), ("two", 1, ()))) == [("a", "unconfirmed"), ("b", "unconfirmed")]


def test_who_registers_again_is_preferred_to_those_who_have_not_yet() -> None:
    cluster = cluster_after(("one", 0, (entry("a"), entry("b"))), ("two", 1, ()), ("two", 2, (entry("a"),)))
    assert routed(cluster) == [("a", "online")]
    assert {worker.id: worker.status for worker in cluster.view.workers.values()} == {"a": "online", "b": "unconfirmed"}


def test_after_the_grace_time_the_new_registry_is_believed() -> None:
    assert routed(cluster_after(("one", 0, (entry("a"),)), ("two", 1, ()), ("two", 4, ()))) == []


def test_a_registry_with_its_data_is_believed_at_once() -> None:
    assert routed(cluster_after(("one", 0, (entry("a"), entry("b"))), ("one", 1, (entry("b"),)))) == [("b", "online")]


def test_who_was_offline_is_not_kept() -> None:
    assert routed(cluster_after(("one", 0, (entry("a"), entry("b", "offline"))), ("two", 1, ()))) == [("a", "unconfirmed")]


def test_a_second_loss_within_the_grace_time_still_loses_nobody() -> None:
    cluster = cluster_after(("one", 0, (entry("a"), entry("b"))), ("two", 1, (entry("a"),)), ("three", 2, ()))
    assert routed(cluster) == [("a", "unconfirmed"), ("b", "unconfirmed")]


def test_an_unconfirmed_worker_is_used_only_where_nobody_with_a_lease_is_left() -> None:
    both = cluster_after(("one", 0, (entry("a", "unconfirmed"), entry("b"))))
    alone = cluster_after(("one", 0, (entry("a", "unconfirmed"),)))
    assert (routed(both), routed(alone)) == ([("b", "online")], [("a", "unconfirmed")])
