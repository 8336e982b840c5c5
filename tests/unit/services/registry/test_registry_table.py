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


def test_an_unknown_id_is_created() -> None:
    assert Table(TTL, REMOVAL).register(entry(), at(0)) is True


def test_the_same_registration_again_changes_no_revision(table: Table) -> None:
    before = table.revision
    assert table.register(entry(), at(1)) is False
    assert table.revision == before


def test_the_same_epoch_may_update_the_content(table: Table) -> None:
    before = table.revision
    table.register(entry(models=("model-b",)), at(1))
    assert table.list(Query(), at(1))[0].models == ("model-b",)
    assert table.revision == before + 1


def test_a_newer_epoch_from_the_same_address_replaces(table: Table) -> None:
    assert table.register(entry(epoch=11), at(1)) is False
    assert table.list(Query(), at(1))[0].epoch == 11


def test_an_older_epoch_is_refused_even_when_the_entry_is_offline(table: Table) -> None:
    for moment in (at(1), at(TTL + 1)):
        with pytest.raises(ApiError) as error:
            table.register(entry(epoch=9), moment)
        assert code_of(error) == "stale_epoch"


def test_a_live_id_from_another_address_is_a_conflict_whatever_its_epoch(table: Table) -> None:
    for epoch in (9, 10, 11):
        with pytest.raises(ApiError) as error:
            table.register(entry(epoch=epoch, url="http://b:1"), at(1))
        assert code_of(error) == "conflict"


def test_an_offline_id_may_come_back_from_another_address(table: Table) -> None:
    table.register(entry(epoch=11, url="http://b:1"), at(TTL + 0.1))
    assert table.list(Query(), at(TTL + 0.1))[0].url == "http://b:1"


def test_a_heartbeat_of_an_unknown_id_is_not_found(table: Table) -> None:
    with pytest.raises(ApiError) as error:
        table.heartbeat("w2", wire.Heartbeat(epoch=10), at(1))
    assert code_of(error) == "not_found"


@pytest.mark.parametrize("epoch", [9, 11])
def test_a_heartbeat_of_another_epoch_renews_nothing(table: Table, epoch: int) -> None:
    with pytest.raises(ApiError) as error:
        table.heartbeat("w1", wire.Heartbeat(epoch=epoch), at(5))
    assert code_of(error) == "stale_epoch"
    assert table.list(Query(), at(TTL + 0.1)) == ()


def test_metrics_and_time_change_no_revision(table: Table) -> None:
    before = table.revision
    table.heartbeat("w1", wire.Heartbeat(epoch=10, metrics={"running": 3.0}), at(5))
    view = table.list(Query(), at(5))[0]
    assert (view.metrics, view.last_heartbeat_at, table.revision) == ({"running": 3.0}, 1_000_005, before)


@pytest.mark.parametrize("change", [{"state": "draining"}, {"health": "degraded"}, {"models": ()}])
def test_state_health_and_models_change_the_revision(table: Table, change: dict[str, object]) -> None:
    before = table.revision
    table.heartbeat("w1", wire.Heartbeat(epoch=10, **change), at(1))  # type: ignore[arg-type]
    assert table.revision == before + 1


def test_readers_never_see_a_lease_that_ran_out_before_the_sweep(table: Table) -> None:
    assert [len(table.list(Query(), at(moment))) for moment in (TTL, TTL + 0.001)] == [1, 0]
    assert table.list(Query(status="offline"), at(TTL + 0.001))[0].id == "w1"


def test_an_expired_entry_goes_offline_once_and_is_removed_later(table: Table) -> None:
    assert table.expire(at(TTL + 0.1)).expired == ("w1",)
    assert table.expire(at(TTL + 0.2)).expired == ()
    assert table.expire(at(TTL + REMOVAL + 0.1)).removed == ("w1",)
    assert table.find("w1", at(TTL + REMOVAL + 0.1)) is None


def test_a_heartbeat_brings_an_offline_entry_back(table: Table) -> None:
    table.expire(at(TTL + 1))
    before = table.revision
    table.heartbeat("w1", wire.Heartbeat(epoch=10), at(TTL + 2))
    assert table.list(Query(), at(TTL + 2))[0].status == "online"
    assert table.revision == before + 1


def test_deregistering_removes_at_once_and_again_is_no_error(table: Table) -> None:
    assert [table.deregister("w1", 10, at(1)), table.deregister("w1", 10, at(1))] == [True, False]


def test_an_older_epoch_cannot_deregister_a_newer_one(table: Table) -> None:
    with pytest.raises(ApiError) as error:
        table.deregister("w1", 9, at(1))
    assert code_of(error) == "stale_epoch"
    assert table.list(Query(), at(1))


def test_a_list_can_be_narrowed_by_kind_model_hive_and_status(table: Table) -> None:
    table.register(entry(id="h1", kind="hive", models=()), at(1))
    table.register(entry(id="w2", hive="h1", models=("model-b",)), at(1))
    found = [
        tuple(view.id for view in table.list(query, at(1)))
        for query in (Query(kind="hive"), Query(model="model-b"), Query(hive="h1"), Query(status="offline"), Query(status="all"))
    ]
    assert found == [("h1",), ("w2",), ("w2",), (), ("h1", "w1", "w2")]


def test_only_what_changed_has_to_be_stored(table: Table) -> None:
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


def test_when_most_fall_silent_together_they_are_unconfirmed_for_one_more_lease() -> None:
    table = crowd("a", "b", "c", "d")
    beat(table, at(4), "d")
    assert table.expire(at(TTL + 0.1)).unconfirmed == ("a", "b", "c")
    assert statuses(table, at(TTL + 0.1)) == {"a": "unconfirmed", "b": "unconfirmed", "c": "unconfirmed", "d": "online"}
    beat(table, at(8), "d")
    assert table.expire(at(2 * TTL + 0.1)).expired == ("a", "b", "c")


def test_half_of_them_are_simply_offline() -> None:
    table = crowd("a", "b", "c", "d")
    beat(table, at(4), "c", "d")
    assert table.expire(at(TTL + 0.1)).expired == ("a", "b")


def test_leases_cut_off_at_one_moment_but_renewed_at_different_ones_are_one_mass_loss() -> None:
    table = crowd("a", "b", "c", "d")
    beat(table, at(1), "b", "c")
    beat(table, at(1.9), "d")
    swept = [table.expire(at(seconds)) for seconds in (TTL + 0.1, TTL + 1.1, TTL + 2)]
    assert ([each.unconfirmed for each in swept], [each.expired for each in swept]) == ([("a",), ("b", "c"), ("d",)], [(), (), ()])


def test_an_unconfirmed_entry_is_online_again_with_its_next_heartbeat() -> None:
    table = crowd("a", "b", "c")
    table.expire(at(TTL + 0.1))
    before = table.revision
    beat(table, at(TTL + 1), "a")
    assert statuses(table, at(TTL + 1)) == {"a": "online", "b": "unconfirmed", "c": "unconfirmed"}
    assert table.revision == before + 1


def test_the_id_of_an_unconfirmed_entry_is_not_given_to_another_address() -> None:
    table = crowd("a", "b", "c")
    table.expire(at(TTL + 0.1))
    with pytest.raises(ApiError) as error:
        table.register(entry(id="a", epoch=11, url="http://b:1"), at(TTL + 0.2))
    assert code_of(error) == "conflict"


def test_an_unconfirmed_entry_is_not_forgotten_before_it_is_offline() -> None:
    table = Table(TTL, 0.0)
    for identifier in ("a", "b", "c"):
        table.register(entry(id=identifier), at(0))
    assert table.expire(at(TTL + 0.1)).removed == ()
    assert table.expire(at(2 * TTL + 0.1)).removed == ("a", "b", "c")
