"""What the gateway says of its own guards: a worker's circuit, the waits for a connection. Two places must agree: status API, metrics."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hivecheck.errors import InconclusiveError
from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually

NUMBERS = {"closed": 0.0, "half_open": 1.0, "open": 2.0}


@dataclass
class Circuits:
    """`noted` are the waits for a connection as they were when a scenario noted them."""

    stack: Stack
    noted: list[tuple[float, float]] = field(default_factory=list)

    def must_be(self, worker: str, state: str, within: float) -> None:
        """The worker's circuit is in that state, says the status API, and so do the metrics."""

        def shown() -> tuple[object, float | None]:
            view = self.stack.orchestrator.worker(worker) or {}
            return view.get("circuit"), self._metric(f'gateway_circuit{{worker="{worker}"}}')

        must_eventually(shown, within=within, what=f"circuit of {worker} {state}", until=lambda seen: seen == (state, NUMBERS[state]))

    def must_be_barred(self, worker: str, within: float) -> None:
        """The worker's circuit lets nothing through, or one probe at a time: which of the two changes from moment to moment."""

        def state() -> object:
            return (self.stack.orchestrator.worker(worker) or {}).get("circuit")

        must_eventually(state, within=within, what=f"circuit of {worker} not closed", until=lambda seen: seen in ("open", "half_open"))

    def await_probe(self, worker: str, within: float) -> None:
        """Return when the circuit of a worker lets a probe through."""

        def state() -> object:
            return (self.stack.orchestrator.worker(worker) or {}).get("circuit")

        eventually(state, within=within, what=f"circuit of {worker} half open", until=lambda seen: seen == "half_open")

    def note_waits(self) -> None:
        """How many requests have waited for a connection so far, and how many of them in vain."""
        self.noted.append(self._waits())

    def must_count_waits(self, more: int, in_vain: int) -> None:
        """Since they were noted, so many more requests waited for a connection, so many of them in vain."""
        if not self.noted:
            raise InconclusiveError("The waits for a connection were not noted before; say so in a Given.")
        waits, vain = self.noted[-1]
        expected = (waits + more, vain + in_vain)
        must_eventually(self._waits, within=1.0, what=f"(waits, in vain) to be {expected}", until=lambda seen: seen == expected)

    def _waits(self) -> tuple[float, float]:
        names = ("gateway_pool_wait_seconds_count", "gateway_pool_exhausted_total")
        waits, vain = (self._metric(name) or 0.0 for name in names)
        return waits, vain

    def _metric(self, series: str) -> float | None:
        text = self.stack.orchestrator.text("/metrics")
        found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else None
