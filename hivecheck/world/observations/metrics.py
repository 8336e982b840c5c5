"""Metrics pages and logs of the services, and the gateway's sockets as its kernel reports them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from hivecheck.checks.observability.structured_logs import structured_logs
from hivecheck.checks.observability.time_breakdown import time_breakdown
from hivecheck.checks.observability.trace import joined
from hivecheck.clients.control import ControlClient
from hivecheck.clients.exposition import MetricSeries, parse
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.history import Event, History
from hivecheck.stack.stack import Stack
from hivecheck.verdict import Verdict
from hivecheck.waiting import must_eventually
from hivecheck.wording import figures
from hivecheck.world import phrases
from hivecheck.world.checker import Checker

GATEWAY = "orchestrator"
# Words in Gherkin -> the check of what logs and metrics must hold of each request.
RECORDS: dict[str, Callable[..., Verdict]] = {
    "a time breakdown that log and metrics confirm": time_breakdown,
    "a log trace from arrival over routing to inference": joined,
    "one final log line, and every log line is structured": structured_logs,
}
PRESENCE = {"include": True, "no longer include": False}


@dataclass
class Metrics:
    """`sockets` and `requests` are what a scenario noted: open sockets of the gateway, and request counts by tier."""

    stack: Stack
    history: History
    checker: Checker
    sockets: int | None = None
    requests: dict[str, float] = field(default_factory=dict)

    def note(self) -> None:
        """Record the metrics of every node as a state in history."""
        pages = {name: [(one.name, dict(one.labels), one.value) for one in self._page(name)] for name in self.stack.nodes}
        self.history.record(Event(time.monotonic(), "state", "metrics", {"metrics": pages}))

    def note_resource_usage(self) -> None:
        """Record the gateway's open sockets."""
        self.sockets = self._sockets()
        self.history.record(Event(time.monotonic(), "state", GATEWAY, {"resource_usage": {"sockets": self.sockets}}))

    def note_requests(self, model: str) -> None:
        """Note how many requests of the model gateway and hives have counted."""
        self.requests = self._requests(model)

    def must_record(self, record: str) -> None:
        """Logs and metrics hold one of the `RECORDS` of every request."""
        self.checker.must(RECORDS[record], orchestrator=GATEWAY)

    def must_name(self, worker: str, presence: str, within: float) -> None:
        """Whether the worker is a label's value in any series of the gateway, as one of the words of `PRESENCE` says."""
        is_expected = PRESENCE[presence]
        must_eventually(
            lambda: sorted({one.name for one in self._page(GATEWAY) if worker in dict(one.labels).values()}),
            within=within,
            what=f"the gateway's metrics {presence} {worker}",
            until=lambda names: bool(names) is is_expected,
        )

    def must_close(self, within: float) -> None:
        """The gateway soon has no more sockets than noted."""
        if self.sockets is None:
            raise InconclusiveError("expected: a noted connection count\nactual: none\nnext: note the gateway's resource usage in a Given")
        before = self.sockets
        must_eventually(
            self._sockets, within=within, what=f"the gateway has no more sockets than noted ({before})", until=lambda now: now <= before
        )

    def must_count(self, counted: str) -> None:
        """The metrics agree with one of the `COUNTS`."""
        phrases.act(COUNTS, counted, self)

    def must_count_requests(self, count: str, model: str) -> None:
        """The gateway counted exactly so many more answered requests of the model than noted, and the hives relayed as many."""
        if not self.requests:
            raise InconclusiveError("expected: a noted request count\nactual: none\nnext: note it in a Given, before the requests")

        def growth() -> dict[str, float]:
            return {tier: value - self.requests[tier] for tier, value in self._requests(model).items()}

        expected = dict.fromkeys(self.requests, float(count))
        within = self.stack.timeouts.settling
        must_eventually(growth, within=within, what=f"request counts grown: {figures(expected)}", until=lambda actual: actual == expected)

    def must_count_declared(self) -> None:
        """The registry counts every declared hive and worker as online, and each hive counts its workers as alive."""
        topology = self.stack.topology
        registry = self._values("registry", "registry_services", "kind", "status")
        expected = {("hive", "online"): float(len(topology.of("hive"))), ("worker", "online"): float(len(topology.workers()))}
        assert registry == expected, f"expected: the registry's metrics count {figures(expected)}\nactual: {figures(registry)}"
        for hive in self.stack.hives:
            states = self._values(hive, "hive_workers", "state")
            own = {("alive",): float(len(topology.managed(hive)))}
            assert states == own, f"expected: the metrics of {hive} count {figures(own)}\nactual: {figures(states)}"

    def _requests(self, model: str) -> dict[str, float]:
        gateway = self._values(GATEWAY, "gateway_requests_total", "model", "status")
        relayed = [self._values(hive, "hive_relayed_requests_total", "outcome") for hive in self.stack.hives]
        return {"gateway": gateway[(model, "200")], "hives": sum(outcomes[("finished",)] for outcomes in relayed)}

    def _values(self, node: str, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """The series of one metric by the values of these labels. An absent series counts as 0."""
        # Prometheus clients create a labelled series at its first count. Before that, absence means 0.
        counted: Counter[tuple[str, ...]] = Counter()
        for series in self._page(node):
            if series.name == name:
                counted[tuple(dict(series.labels).get(label, "") for label in labels)] += series.value  # type: ignore[assignment]
        return counted

    def _page(self, node: str) -> list[MetricSeries]:
        client = ControlClient(self.stack.nodes[node].url, self.stack.secrets.token)
        try:
            return parse(client.text("/metrics"))
        finally:
            client.close()

    def _sockets(self) -> int:
        node = self.stack.nodes[GATEWAY]
        command = f"ls -l /proc/{node.processes()[0].pid}/fd"
        result = node.run(["sh", "-c", command])
        if result.exit_code:
            raise ClientError(f"{GATEWAY}: {command}: {result.output.strip()}")
        # The link of a socket in /proc reads `socket:[inode]` (proc(5)). Links of files and pipes differ.
        return result.output.count("socket:[")


# Words in Gherkin -> what the metrics of all services must count.
COUNTS: dict[str, Callable[..., None]] = {
    "exactly {} more requests of {}": Metrics.must_count_requests,
    "exactly the declared services": Metrics.must_count_declared,
}
