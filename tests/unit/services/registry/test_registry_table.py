"""The rules for leases, epochs and the revision."""

from __future__ import annotations

import pytest

from services import wire
from services.api_errors import ApiError
from services.registry.clock import Moment
from services.registry.table import Query, Table

TTL = 6.0
REMOVAL = 60.0


def at(seconds: float) -> Moment:
    return Moment(seconds, 1_000_000 + seconds)


def entry(epoch: int = 10, **fields: object) -> wire.Registration:
    values = {"id": "w1", "kind": "worker", "url": "http://a:1", "models": ("model-a",)} | fields
    return wire.Registration(epoch=epoch, **values)  # type: ignore[arg-type]


@pytest.fixture
def table() -> Table:
    table = Table(TTL, REMOVAL)
    table.register(entry(), at(0))
    return table


def code_of(error: pytest.ExceptionInfo[ApiError]) -> str:
    return error.value.code


def test_new_id() -> None:
    """A registration with a new id is accepted as new."""
    assert Table(TTL, REMOVAL).register(entry(), at(0)) is True


def test_same_registration(table: Table) -> None:
    """The same registration again does not change the revision."""
    before = table.revision
    assert table.register(entry(), at(1)) is False
    assert table.revision == before


def test_same_epoch_updates(table: Table) -> None:
    """A registration of the same epoch may change the content."""
    before = table.revision
    table.register(entry(models=("model-b",)), at(1))
    assert table.list(Query(), at(1))[0].models == ("model-b",)
    assert table.revision == before + 1


def test_newer_epoch_replaces(table: Table) -> None:
    """A newer epoch from the same address replaces the entry."""
    assert table.register(entry(epoch=11), at(1)) is False
    assert table.list(Query(), at(1))[0].epoch == 11


def test_older_epoch_rejected(table: Table) -> None:
    """An older epoch is rejected, even if the entry is offline."""
    for moment in (at(1), at(TTL + 1)):
        with pytest.raises(ApiError) as error:
            table.register(entry(epoch=9), moment)
        assert code_of(error) == "stale_epoch"


def test_other_address_conflicts(table: Table) -> None:
    """A live id from another address is a conflict at any epoch."""
    for epoch in (9, 10, 11):
        with pytest.raises(ApiError) as error:
            table.register(entry(epoch=epoch, url="http://b:1"), at(1))
        assert code_of(error) == "conflict"


def test_offline_id_moves(table: Table) -> None:
    """An offline id may register from another address."""
    table.register(entry(epoch=11, url="http://b:1"), at(TTL + 0.1))
    assert table.list(Query(), at(TTL + 0.1))[0].url == "http://b:1"


def test_heartbeat_of_unknown_id(table: Table) -> None:
    """A heartbeat of an unknown id gives `not_found`."""
    with pytest.raises(ApiError) as error:
        table.heartbeat("w2", wire.Heartbeat(epoch=10), at(1))
    assert code_of(error) == "not_found"


@pytest.mark.parametrize("epoch", [9, 11])
def test_heartbeat_of_other_epoch(table: Table, epoch: int) -> None:
    """A heartbeat of another epoch does not renew the lease."""
    with pytest.raises(ApiError) as error:
        table.heartbeat("w1", wire.Heartbeat(epoch=epoch), at(5))
    assert code_of(error) == "stale_epoch"
    assert table.list(Query(), at(TTL + 0.1)) == ()


def test_metrics_keep_revision(table: Table) -> None:
    """Metrics and time do not change the revision."""
    before = table.revision
    table.heartbeat("w1", wire.Heartbeat(epoch=10, metrics={"running": 3.0}), at(5))
    view = table.list(Query(), at(5))[0]
    assert (view.metrics, view.last_heartbeat_at, table.revision) == ({"running": 3.0}, 1_000_005, before)


@pytest.mark.parametrize("change", [{"state": "draining"}, {"health": "degraded"}, {"models": ()}])
def test_routing_facts_change_revision(table: Table, change: dict[str, object]) -> None:
    """State, health and models change the revision."""
    before = table.revision
    table.heartbeat("w1", wire.Heartbeat(epoch=10, **change), at(1))  # type: ignore[arg-type]
    assert table.revision == before + 1


def test_expired_lease_not_listed(table: Table) -> None:
    """An expired lease is offline for readers, even before the sweep."""
    assert [len(table.list(Query(), at(moment))) for moment in (TTL, TTL + 0.001)] == [1, 0]
    assert table.list(Query(status="offline"), at(TTL + 0.001))[0].id == "w1"


def test_expiry_then_removal(table: Table) -> None:
    """An expired entry goes offline once and is removed later."""
    assert table.expire(at(TTL + 0.1)).expired == ("w1",)
    assert table.expire(at(TTL + 0.2)).expired == ()
    assert table.expire(at(TTL + REMOVAL + 0.1)).removed == ("w1",)
    assert table.find("w1", at(TTL + REMOVAL + 0.1)) is None


def test_heartbeat_revives_entry(table: Table) -> None:
    """A heartbeat brings an offline entry back online."""
    table.expire(at(TTL + 1))
    before = table.revision
    table.heartbeat("w1", wire.Heartbeat(epoch=10), at(TTL + 2))
    assert table.list(Query(), at(TTL + 2))[0].status == "online"
    assert table.revision == before + 1


def test_deregister_is_idempotent(table: Table) -> None:
    """A deregistration removes the entry at once, and a second one is no error."""
    assert [table.deregister("w1", 10, at(1)), table.deregister("w1", 10, at(1))] == [True, False]


def test_older_epoch_cannot_deregister(table: Table) -> None:
    """An older epoch cannot deregister a newer one."""
    with pytest.raises(ApiError) as error:
        table.deregister("w1", 9, at(1))
    assert code_of(error) == "stale_epoch"
    assert table.list(Query(), at(1))


def test_list_filters(table: Table) -> None:
    """The list filters by kind, model, hive and status."""
    table.register(entry(id="h1", kind="hive", models=()), at(1))
    table.register(entry(id="w2", hive="h1", models=("model-b",)), at(1))
    found = [
        tuple(view.id for view in table.list(query, at(1)))
        for query in (Query(kind="hive"), Query(model="model-b"), Query(hive="h1"), Query(status="offline"), Query(status="all"))
    ]
    assert found == [("h1",), ("w2",), ("w2",), (), ("h1", "w1", "w2")]


def test_take_changed(table: Table) -> None:
    """Only changed entries need to be stored."""
    table.take_changed()
    table.heartbeat("w1", wire.Heartbeat(epoch=10, metrics={"running": 1.0}), at(1))
    assert table.take_changed() == {}
    table.deregister("w1", 10, at(1))
    assert table.take_changed() == {"w1": None}


def crowd(*ids: str) -> Table:
    table = Table(TTL, REMOVAL)
    for identifier in ids:
        table.register(entry(id=identifier), at(0))
    return table


def beat(table: Table, moment: Moment, *ids: str) -> None:
    for identifier in ids:
        table.heartbeat(identifier, wire.Heartbeat(epoch=10), moment)


def statuses(table: Table, moment: Moment) -> dict[str, str]:
    return {view.id: view.status for view in table.list(Query(status="all"), moment)}


def test_mass_loss_is_unconfirmed() -> None:
    """After a mass loss entries are unconfirmed for one more lease."""
    table = crowd("a", "b", "c", "d")
    beat(table, at(4), "d")
    assert table.expire(at(TTL + 0.1)).unconfirmed == ("a", "b", "c")
    assert statuses(table, at(TTL + 0.1)) == {"a": "unconfirmed", "b": "unconfirmed", "c": "unconfirmed", "d": "online"}
    beat(table, at(8), "d")
    assert table.expire(at(2 * TTL + 0.1)).expired == ("a", "b", "c")


def test_half_silent_is_offline() -> None:
    """If only half of the services are silent they go offline."""
    table = crowd("a", "b", "c", "d")
    beat(table, at(4), "c", "d")
    assert table.expire(at(TTL + 0.1)).expired == ("a", "b")


def test_mass_loss_with_spread_heartbeats() -> None:
    """Leases that expire over one heartbeat interval are one mass loss."""
    table = crowd("a", "b", "c", "d")
    beat(table, at(1), "b", "c")
    beat(table, at(1.9), "d")
    swept = [table.expire(at(seconds)) for seconds in (TTL + 0.1, TTL + 1.1, TTL + 2)]
    assert ([each.unconfirmed for each in swept], [each.expired for each in swept]) == ([("a",), ("b", "c"), ("d",)], [(), (), ()])


def test_heartbeat_confirms_entry() -> None:
    """An unconfirmed entry is online again after a heartbeat."""
    table = crowd("a", "b", "c")
    table.expire(at(TTL + 0.1))
    before = table.revision
    beat(table, at(TTL + 1), "a")
    assert statuses(table, at(TTL + 1)) == {"a": "online", "b": "unconfirmed", "c": "unconfirmed"}
    assert table.revision == before + 1


def test_unconfirmed_id_is_taken() -> None:
    """The id of an unconfirmed entry stays bound to its address."""
    table = crowd("a", "b", "c")
    table.expire(at(TTL + 0.1))
    with pytest.raises(ApiError) as error:
        table.register(entry(id="a", epoch=11, url="http://b:1"), at(TTL + 0.2))
    assert code_of(error) == "conflict"


def test_unconfirmed_not_removed() -> None:
    """An unconfirmed entry is not removed before it is offline."""
    table = Table(TTL, 0.0)
    for identifier in ("a", "b", "c"):
        table.register(entry(id=identifier), at(0))
    assert table.expire(at(TTL + 0.1)).removed == ()
    assert table.expire(at(2 * TTL + 0.1)).removed == ("a", "b", "c")
