"""What the orchestrator says of the whole system: services, statistics, the cluster status API. Asserts on facts seen elsewhere."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from hivecheck.errors import InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually

STATUS_FIELDS = ("id", "status", "models", "hive", "epoch", "last_heartbeat_at", "heartbeat_age_seconds")


@dataclass
class GatewayStatus:
    """`noted` are the statistics as they were when a scenario noted them."""

    stack: Stack
    history: History
    noted: list[dict[str, Any]] = field(default_factory=list)

    def must_list_services(self) -> None:
        """Each service once, healthy, with the models that are declared for it."""
        shown = self.stack.orchestrator.services()
        models = {name: sorted(own) for name, own in self.stack.topology.workers().items()}
        expected = {name: models.get(name, []) for name in [*self.stack.nodes, *models]}
        names = [service["name"] for service in shown]
        assert sorted(names) == sorted(expected), f"expected: {sorted(expected)}\nactual: {sorted(names)}"
        for service in shown:
            name = service["name"]
            assert service["health"] == "healthy", f"expected: {name} healthy\nactual: {service}"
            own = sorted(service["models"]) if service["kind"] == "worker" else expected[name]
            assert own == expected[name], f"expected: {name} with models {expected[name]}\nactual: {service}"

    def must_show_in_flight(self, worker: str, count: int) -> None:
        def shown() -> dict[str, Any]:
            return {service["name"]: service["in_flight"] for service in self.stack.orchestrator.services() if service["kind"] == "worker"}

        expected = dict.fromkeys(self.stack.topology.workers(), 0) | {worker: count}
        assert shown() == expected, f"expected: in flight {expected}\nactual: {shown()}"

    def note_statistics(self) -> None:
        """Statistics now, as a state in history."""
        self._note(self.stack.orchestrator.stats())

    def must_settle(self, count: int, within: float) -> None:
        """The statistics have grown to the number of requests sent (or past it), and are noted again."""
        if not self.noted:
            raise InconclusiveError("No statistics were noted before the requests; say so in a Given.")
        before = self.noted[0]["requests_total"]

        def enough(stats: dict[str, Any]) -> bool:
            return int(stats["requests_total"]) >= before + count and not stats["in_flight"]

        self._note(must_eventually(self.stack.orchestrator.stats, within=within, what=f"{count} more requests counted", until=enough))

    def must_count_workers(self) -> None:
        """The cluster status counts every declared worker as online."""
        status = self.stack.orchestrator.status()
        count = len(self.stack.topology.workers())
        expected = {"total": count, "online": count, "offline": 0}
        actual = {key: status["workers"].get(key) for key in expected}
        assert actual == expected and status["status"] == "healthy", (
            f"expected: a healthy cluster with workers {expected}\nactual: {status}"
        )

    def must_come_to_count(self, online: int, within: float) -> None:
        """The cluster status counts so many workers as online."""

        def counted() -> int:
            return int(self.stack.orchestrator.status()["workers"]["online"])

        must_eventually(counted, within=within, what=f"{online} workers online in the cluster status", until=lambda seen: seen == online)

    def must_show_workers(self) -> None:
        """The list and each single view agree with the registry."""
        listed, registered = self.stack.orchestrator.workers(), self.stack.registry.workers()
        assert set(registered) <= set(listed), f"expected: workers {sorted(registered)}\nactual: {sorted(listed)}"
        for name, entry in registered.items():
            single = self.stack.orchestrator.worker(name)
            for shown in (listed[name], single or {}):
                missing = [key for key in STATUS_FIELDS if shown.get(key) is None]
                assert not missing, f"expected: {name} with {STATUS_FIELDS}\nactual: no {missing} in {shown}"
                actual = (shown["models"], shown["hive"], shown["epoch"])
                assert actual == (entry["models"], entry["hive"], entry["epoch"]), (
                    f"expected: {name} as registered {entry}\nactual: {shown}"
                )

    def must_not_know(self, worker: str) -> None:
        reply = self.stack.orchestrator.ask("GET", f"/api/cluster/workers/{worker}")
        code = ((reply.body or {}).get("error") or {}).get("code")
        assert (reply.status, code) == (404, "not_found"), f"expected: 404 not_found for {worker}\nactual: {reply.status} {reply.body}"

    def _note(self, stats: dict[str, Any]) -> None:
        self.noted.append(stats)
        self.history.record(Event(time.monotonic(), "state", "orchestrator", {"statistics": stats}))
