"""Invariants of the table after any sequence of calls."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services import wire
from services.api_errors import ApiError
from services.registry.clock import Moment
from services.registry.table import Query, Table

IDS = st.sampled_from(["w1", "w2", "w3", "w4"])
URLS = st.sampled_from(["http://a:1", "http://b:1"])
EPOCHS = st.integers(1, 5)
MODELS = st.sampled_from([(), ("model-a",), ("model-a", "model-b")])


class TableMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.table = Table(6.0, 10.0)
        self.lease = 0.0
        self.revision = 0

    @property
    def now(self) -> Moment:
        return Moment(self.lease, self.lease)

    def views(self) -> dict[str, wire.ServiceEntry]:
        return {view.id: view for view in self.table.list(Query(status="all"), self.now)}

    @rule(seconds=st.floats(0, 20))
    def time_passes(self, seconds: float) -> None:
        self.lease += seconds

    @rule()
    def sweep(self) -> None:
        self.table.expire(self.now)

    @rule(identifier=IDS, url=URLS, epoch=EPOCHS, models=MODELS)
    def register(self, identifier: str, url: str, epoch: int, models: tuple[str, ...]) -> None:
        before = self.views().get(identifier)
        try:
            self.table.register(wire.Registration(id=identifier, kind="worker", url=url, epoch=epoch, models=models), self.now)
        except ApiError:
            assert before and self.views()[identifier] == before
        else:
            assert before is None or epoch >= before.epoch
            assert before is None or before.status == "offline" or before.url == url

    @rule(identifier=IDS, epoch=EPOCHS)
    def heartbeat(self, identifier: str, epoch: int) -> None:
        before = self.views().get(identifier)
        try:
            self.table.heartbeat(identifier, wire.Heartbeat(epoch=epoch), self.now)
        except ApiError:
            assert self.views().get(identifier) == before
            assert before is None or before.epoch != epoch
        else:
            assert before and before.epoch == epoch
            assert self.views()[identifier].status == "online"

    @rule(identifier=IDS, epoch=EPOCHS)
    def deregister(self, identifier: str, epoch: int) -> None:
        before = self.views().get(identifier)
        try:
            is_removed = self.table.deregister(identifier, epoch, self.now)
        except ApiError:
            assert before and epoch < before.epoch
            assert self.views()[identifier] == before
        else:
            assert is_removed == (before is not None)
            assert identifier not in self.views()

    @invariant()
    def no_id_is_listed_twice(self) -> None:
        listed = [view.id for view in self.table.list(Query(), self.now)]
        assert len(listed) == len(set(listed))

    @invariant()
    def no_entry_is_online_without_a_lease(self) -> None:
        assert all(view.heartbeat_age_seconds <= 6.0 for view in self.table.list(Query(), self.now))

    @invariant()
    def no_entry_is_unconfirmed_for_more_than_a_second_lease(self) -> None:
        assert all(6.0 <= view.heartbeat_age_seconds <= 12.0 for view in self.table.list(Query(status="unconfirmed"), self.now))

    @invariant()
    def the_revision_never_goes_back(self) -> None:
        assert self.table.revision >= self.revision
        self.revision = self.table.revision


TableMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, database=None)
TestTable = TableMachine.TestCase
