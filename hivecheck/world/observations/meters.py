"""The metrics of every tier, as a monitoring system reads them, compared with what clients sent and what is declared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hivecheck.clients import exposition
from hivecheck.clients.control import ControlClient
from hivecheck.errors import InconclusiveError
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually


@dataclass
class Meters:
    """`noted` are the request counters of gateway and hives when a scenario noted them."""

    stack: Stack
    noted: dict[str, float] = field(default_factory=dict)

    def note(self, model: str) -> None:
        self.noted = self._requests(model)

    def must_have_grown(self, model: str, count: int, within: float) -> None:
        """The gateway counted exactly so many answered requests of the model, and the hives relayed as many."""
        if not self.noted:
            raise InconclusiveError("No metrics were noted before the requests; say so in a Given.")

        def grown() -> dict[str, float]:
            return {tier: value - self.noted[tier] for tier, value in self._requests(model).items()}

        expected = dict.fromkeys(self.noted, float(count))
        must_eventually(grown, within=within, what=f"request counters grown by {expected}", until=lambda seen: seen == expected)

    def must_count_declared(self) -> None:
        """The registry counts every declared hive and worker as online, each hive its workers as alive."""
        topology = self.stack.topology
        registry = _values(self.stack.registry, "registry_services", "kind", "status")
        expected = {("hive", "online"): float(len(topology.of("hive"))), ("worker", "online"): float(len(topology.workers()))}
        assert registry == expected, f"expected: the registry's metrics count {expected}\nactual: {dict(registry)}"
        for name, hive in self.stack.hives.items():
            states = _values(hive, "hive_workers", "state")
            own = {("alive",): float(len(topology.managed(name)))}
            assert states == own, f"expected: {name}'s metrics count {own}\nactual: {dict(states)}"

    def _requests(self, model: str) -> dict[str, float]:
        gateway = _values(self.stack.orchestrator, "gateway_requests_total", "model", "status")
        relayed = [_values(hive, "hive_relayed_requests_total", "outcome") for hive in self.stack.hives.values()]
        return {"gateway": gateway[(model, "200")], "hives": sum(outcomes[("finished",)] for outcomes in relayed)}


def _values(client: ControlClient, name: str, *labels: str) -> Counter[tuple[str, ...]]:
    """The series of one metric by the values of these labels; what is not there is 0."""
    counted: Counter[tuple[str, ...]] = Counter()
    for series in exposition.parse(client.text("/metrics")):
        if series.name == name:
            counted[tuple(dict(series.labels).get(label, "") for label in labels)] += series.value  # type: ignore[assignment]
    return counted
