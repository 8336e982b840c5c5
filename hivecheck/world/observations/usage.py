"""The gateway's usage ledger: single requests and totals. Reads them into history, where checks judge them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.usage.booked_once import booked_once
from hivecheck.checks.usage.booked_through_kills import booked_through_kills
from hivecheck.checks.usage.usage_totals import own_usage, usage_totals
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually
from hivecheck.wording import counted, plain
from hivecheck.world import phrases
from hivecheck.world.checker import Checker
from hivecheck.world.requests.chats import Chats
from hivecheck.world.requests.credentials import credential

GROUPS = ("worker", "model", "key", "worker,model,key")
NO_TENANT = "a token of ada without a tenant"
TENANTS = {"acme": "a key of acme", "globex": "a key of globex", "hivecheck": "a valid key", None: NO_TENANT}


@dataclass
class Usage:
    """`began_at` and `mark` are seconds since 1970, because the ledger stores wall clock time."""

    stack: Stack
    history: History
    clients: Chats
    checker: Checker
    began_at: float = field(default_factory=time.time)
    mark: float = 0.0

    def mark_time(self) -> None:
        """Divides the scenario in two. The gateway's clock is this machine's, so the ledger knows the same time."""
        self.mark = time.time()

    def must_be_booked(self, *, estimated: bool) -> None:
        """The ledger has each request once. `estimated` says that the gateway counted the tokens itself."""
        self.clients.wait_for_all()
        self.read(self.stack.timeouts.settling)
        self.checker.must(booked_once, lag_seconds=self.stack.timeouts.ledger_lag, estimated=estimated)

    def must_survive_kills(self, kills: int) -> None:
        """The ledger has each request that a worker received once, whatever the kills of the gateway interrupted."""
        self.clients.wait_for_all()
        # All rows, because a wrong id can place a row before this scenario.
        self.read(self.stack.timeouts.settling, since=0.0)
        self.checker.must(booked_through_kills, kills=kills, lag_seconds=self.stack.timeouts.ledger_lag)

    def must_show(self, view: str) -> None:
        """The usage API shows one of the `VIEWS`."""
        phrases.act(VIEWS, view, self)

    def must_show_totals(self) -> None:
        """The totals of the usage API equal those of ledger and journals."""
        self.read(self.stack.timeouts.settling)
        self.read_totals()
        self.checker.must(usage_totals)

    def must_show_own(self) -> None:
        """Each tenant gets its own usage, and nothing of another tenant."""
        self.read_own()
        self.checker.must(own_usage)

    def must_show_newest(self, count: str) -> None:
        """The ledger keeps so many requests, those that clients sent last, and has deleted the others."""
        sent = [operation.id for operation in sorted(self.history.operations(), key=lambda operation: operation.started_at)]
        newest = sent[max(0, len(sent) - int(count)) :]
        if len(newest) == len(sent):
            raise InconclusiveError(f"expected: more than {counted(int(count), 'request')}\nactual: {len(sent)}\nnext: send more")
        must_eventually(
            lambda: [row["request_id"] for row in self.stack.orchestrator.booked(0.0)],
            within=self.stack.timeouts.settling,
            what=f"the newest of {counted(len(sent), 'request')} in the ledger: {count}",
            until=lambda kept: kept == newest,
        )

    def read(self, within: float, since: float | None = None) -> None:
        """The ledger's rows since a moment, by default since the scenario began, once each of them is settled."""

        def rows() -> list[dict[str, Any]]:
            return self.stack.orchestrator.booked(self.began_at if since is None else since)

        def is_settled(booked: list[dict[str, Any]]) -> bool:
            return all(row["outcome"] is not None for row in booked)

        booked = must_eventually(rows, within=within, what="every request in the ledger settled", until=is_settled)
        self._note(ledger=booked)

    def read_own(self) -> None:
        """The usage since the scenario began, as the usage API shows it to a client of each tenant."""
        for tenant, identity in TENANTS.items():
            status, report = self.clients.gateway.get(
                f"/v1/usage?by=key&since={self.began_at:.6f}", credential(identity, self.stack.secrets)
            )
            if status != 200:
                raise ClientError(f"GET /v1/usage as {identity}\nexpected: 200\nactual: {status} {plain(report)}")
            self._note(own_usage={"tenant": tenant, "totals": report["totals"]})

    def read_totals(self) -> None:
        """The totals of each group from the scenario's beginning, from the mark, and between the two."""
        for group in GROUPS:
            # Two of the ranges meet at the mark. A row there belongs to the later one, because `until` is exclusive.
            for since, until in ((self.began_at, None), (self.mark, None), (self.began_at, self.mark)):
                report = self.stack.orchestrator.usage(group, since, until)
                self._note(usage={"by": group, "since": since, "until": until or report["until"], "totals": report["totals"]})

    def _note(self, **facts: Any) -> None:
        self.history.record(Event(time.monotonic(), "state", "orchestrator", facts))


# Words in Gherkin -> what the usage API must show.
VIEWS: dict[str, Callable[..., None]] = {
    "the totals of ledger and journals": Usage.must_show_totals,
    "each tenant its own usage only": Usage.must_show_own,
    "only the {} newest requests": Usage.must_show_newest,
}
