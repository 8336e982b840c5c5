"""The gateway's status API, statistics and metrics, compared with the declared stack, the registry and the requests sent."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.usage.counted_once import counted_once
from hivecheck.clients.exposition import parse
from hivecheck.errors import InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually
from hivecheck.wording import figures, listed
from hivecheck.world.checker import Checker

STATUS_FIELDS = ("id", "status", "models", "hive", "epoch", "last_heartbeat_at", "heartbeat_age_seconds")


# The states of a worker's circuit with their values in the metric `gateway_circuit`.
CIRCUITS = {"closed": 0.0, "half_open": 1.0, "open": 2.0}
NOT_CLOSED = "not closed"
# The gateway counts a wait when it is over, after its client has the answer.
WAIT_COUNT_SECONDS = 1.0
WAIT_METRICS = ("gateway_pool_wait_seconds_count", "gateway_pool_exhausted_total")
EVERY_DECLARED_WORKER = "every declared worker"
# Ends of an outage of a database: in Gherkin, and the event in the gateway's log.
LOGGED = {"its session pins are stored again": "pins_written", "its ledger was damaged": "ledger_damaged"}


@dataclass
class GatewayStatus:
    """`noted` are statistics, `noted_waits` the waits for a connection and those that timed out, as they were when a step noted them."""

    stack: Stack
    history: History
    checker: Checker
    noted: list[dict[str, Any]] = field(default_factory=list)
    noted_waits: list[tuple[float, float]] = field(default_factory=list)

    def must_list_services(self) -> None:
        """Each service once, healthy, with the models that are declared for it."""
        report = self.stack.orchestrator.services()
        models = {name: sorted(own) for name, own in self.stack.topology.workers().items()}
        expected = {name: models.get(name, []) for name in [*self.stack.nodes, *models]}
        names = [service["name"] for service in report]
        assert sorted(names) == sorted(expected), f"expected: {listed(sorted(expected))}\nactual: {listed(sorted(names))}"
        for service in report:
            name = service["name"]
            assert service["health"] == "healthy", f"expected: {name} healthy\nactual: {figures(service)}"
            own = sorted(service["models"]) if service["kind"] == "worker" else expected[name]
            assert own == expected[name], f"expected: {name} with models {listed(expected[name])}\nactual: {figures(service)}"

    def must_show_in_flight(self, worker: str, count: int, within: float) -> None:
        """The service list shows so many requests in flight at this worker and at its hive, and none at another one."""
        kinds = ("worker", "hive")

        def report() -> dict[str, Any]:
            return {service["name"]: service["in_flight"] for service in self.stack.orchestrator.services() if service["kind"] in kinds}

        hive = self.stack.registry.workers()[worker]["hive"]
        expected = dict.fromkeys([*self.stack.topology.workers(), *self.stack.hives], 0) | {worker: count, hive: count}
        must_eventually(report, within=within, what=f"requests in flight: {figures(expected)}", until=lambda value: value == expected)

    def note_statistics(self) -> None:
        """Record the statistics of now in history."""
        self._note(self.stack.orchestrator.stats())

    def must_have_counted(self, count: int) -> None:
        """The statistics grow by this number of requests, and by the tokens and outcomes of the requests that clients sent."""
        if not self.noted:
            raise InconclusiveError("expected: a Given that notes the statistics\nactual: none")
        before = self.noted[0]["requests_total"]

        def enough(stats: dict[str, Any]) -> bool:
            # At least, not exactly: a request that is counted twice must reach the check, which judges the exact number.
            return int(stats["requests_total"]) >= before + count and not stats["in_flight"]

        within, what = self.stack.timeouts.settling, f"requests counted since the note: {count}"
        self._note(must_eventually(self.stack.orchestrator.stats, within=within, what=what, until=enough))
        self.checker.must(counted_once)

    def must_count_online(self, workers: str, within: float) -> None:
        """The cluster status counts so many workers as online. `EVERY_DECLARED_WORKER` also means no other worker and a healthy cluster."""
        if workers == EVERY_DECLARED_WORKER:
            count = len(self.stack.topology.workers())
            expected = {"total": count, "online": count, "offline": 0, "status": "healthy"}
        else:
            expected = {"online": int(workers.split()[0])}

        def counted() -> dict[str, Any]:
            status = self.stack.orchestrator.status()
            actual = status["workers"] | {"status": status["status"]}
            return {key: actual.get(key) for key in expected}

        must_eventually(counted, within=within, what=f"a cluster status of {figures(expected)}", until=lambda value: value == expected)

    def must_show_workers(self) -> None:
        """The status API shows each worker of the registry with its models, hive and epoch, in its list and by id."""
        shown, registered = self.stack.orchestrator.workers(), self.stack.registry.workers()
        assert set(registered) <= set(shown), f"expected: workers {listed(sorted(registered))}\nactual: {listed(sorted(shown))}"
        for name, entry in registered.items():
            single = self.stack.orchestrator.worker(name)
            for report in (shown[name], single or {}):
                missing = [key for key in STATUS_FIELDS if report.get(key) is None]
                assert not missing, f"expected: {name} with {listed(STATUS_FIELDS)}\nactual: no {listed(missing)} in {figures(report)}"
                actual = (report["models"], report["hive"], report["epoch"])
                assert actual == (entry["models"], entry["hive"], entry["epoch"]), (
                    f"expected: {name} as registered, {figures(entry)}\nactual: {figures(report)}"
                )

    def must_not_know(self, worker: str, within: float) -> None:
        """The status API answers 404 for the worker."""

        def answer() -> tuple[int, object]:
            reply = self.stack.orchestrator.ask("GET", f"/api/cluster/workers/{worker}")
            return reply.status, ((reply.body or {}).get("error") or {}).get("code")

        must_eventually(answer, within=within, what=f"404 not_found for {worker}", until=lambda value: value == (404, "not_found"))

    def must_have_circuit(self, worker: str, state: str, within: float) -> None:
        """Status API and metrics show the worker's circuit in that state. `NOT_CLOSED` means either other state in the status API."""
        # An open circuit and a half-open one take turns from moment to moment, so two reads need not agree.
        expected = {(name, CIRCUITS[name]) for name in CIRCUITS if name == state}

        def report() -> tuple[object, float | None]:
            return self._circuit(worker), self._metric("gateway_circuit", worker=worker)

        def is_expected(value: tuple[object, float | None]) -> bool:
            return value[0] in ("open", "half_open") if state == NOT_CLOSED else value in expected

        must_eventually(report, within=within, what=f"circuit of {worker} {state}", until=is_expected)

    def note_waits(self) -> None:
        """How many requests have waited for a connection so far, and how many of these waits timed out."""
        self.noted_waits.append(self._waits())

    def must_count_waits(self, more: int, timed_out: int) -> None:
        """Since the note, so many more requests waited for a connection, and so many of them in vain."""
        if not self.noted_waits:
            raise InconclusiveError("expected: a Given that notes the connection waits\nactual: none")
        waits, failed = self.noted_waits[-1]
        expected = waits + more, failed + timed_out
        within = WAIT_COUNT_SECONDS
        must_eventually(self._waits, within=within, what=f"waits and timeouts: {listed(expected)}", until=lambda value: value == expected)

    def must_miss_registry(self) -> None:
        """The cluster status shows the registry as disconnected, and the gateway is ready all the same."""
        must_eventually(
            lambda: self.stack.orchestrator.status()["registry"]["connected"],
            within=self.stack.timeouts.convergence,
            what="the registry disconnected in the cluster status",
            until=lambda connected: not connected,
        )
        assert self.stack.orchestrator.is_ready(), "expected: the gateway ready without the registry\nactual: not ready"

    def must_log_once(self, fact: str, within: float) -> None:
        """The gateways log an event of `LOGGED` once since the begin of the scenario."""
        gateways = [node.name for node in self.stack.topology.of("orchestrator")]

        def lines() -> list[Event]:
            self.checker.observe()
            return [line for name in gateways for line in self.history.events("log", name) if line.data.get("event") == LOGGED[fact]]

        found = must_eventually(lines, within=within, what=f"the gateway logs that {fact}", until=bool)
        assert len(found) == 1, f"expected: one log line that {fact}\nactual: {listed(str(line.data) for line in found)}"

    def _circuit(self, worker: str) -> object:
        return (self.stack.orchestrator.worker(worker) or {}).get("circuit")

    def _waits(self) -> tuple[float, float]:
        waits, failed = (self._metric(name) or 0.0 for name in WAIT_METRICS)
        return waits, failed

    def _metric(self, name: str, **labels: str) -> float | None:
        found = [each for each in parse(self.stack.orchestrator.text("/metrics")) if (each.name, dict(each.labels)) == (name, labels)]
        return found[0].value if found else None

    def _note(self, stats: dict[str, Any]) -> None:
        self.noted.append(stats)
        self.history.record(Event(time.monotonic(), "state", "orchestrator", {"statistics": stats}))
