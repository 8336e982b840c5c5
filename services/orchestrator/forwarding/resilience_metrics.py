"""The metrics of breakers, pool and retry budget. The series of a worker disappears when the worker leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from services.orchestrator.forwarding.breaker import State

WAIT_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NUMBER_OF_STATE: dict[State, int] = {"closed": 0, "half_open": 1, "open": 2}


class ResilienceMetrics:
    """Counters for the resilience parts. After `watch`, their current states are read at each scrape."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._waits = Histogram("gateway_pool_wait_seconds", "Waits for a connection to a worker.", registry=registry, buckets=WAIT_BUCKETS)
        self._exhausted = Counter("gateway_pool_exhausted", "Waits for a connection that timed out.", registry=registry)
        self._denied = Counter("gateway_retries_denied", "Retries that the budget did not allow.", registry=registry)

    def pool_waited(self, seconds: float, has_timed_out: bool) -> None:
        self._waits.observe(seconds)
        self._exhausted.inc(has_timed_out)

    def retry_denied(self) -> None:
        self._denied.inc()

    def watch(self, states: Callable[[], Mapping[str, State]], used: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Export the circuit states and the pool's connections."""
        self._registry.register(_Circuits(states))
        Gauge("gateway_pool_in_use", "Connections to workers that carry a request.", registry=self._registry).set_function(used)
        Gauge("gateway_pool_waiting", "Requests that wait for a connection.", registry=self._registry).set_function(waiting)


# A labelled gauge would keep the series of removed workers for ever.
class _Circuits(Collector):
    def __init__(self, states: Callable[[], Mapping[str, State]]) -> None:
        self._states = states

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("gateway_circuit", "State of a worker's breaker: 0 closed, 1 half open, 2 open.", labels=["worker"])
        for worker, state in sorted(self._states().items()):
            family.add_metric([worker], NUMBER_OF_STATE[state])
        yield family
