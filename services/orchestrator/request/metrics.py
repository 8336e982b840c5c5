"""The request metrics of the gateway in `/metrics`. Labels are bounded: known models, HTTP statuses and failure kinds."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.orchestrator.request.context import RequestContext
from services.orchestrator.request.in_flight import InFlight
from services.orchestrator.request.timeline import PHASES

PHASE_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
SECONDS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """The metric series of one gateway."""

    def __init__(self, registry: CollectorRegistry, in_flight: InFlight) -> None:
        self._requests = Counter("gateway_requests", "Finished client requests.", ["model", "status"], registry=registry)
        self._seconds = Histogram(
            "gateway_request_seconds", "From arrival to the last byte.", ["model"], registry=registry, buckets=SECONDS_BUCKETS
        )
        self._ttft = Histogram(
            "gateway_ttft_seconds", "From arrival to the first byte of the answer.", registry=registry, buckets=SECONDS_BUCKETS
        )
        self._upstream_errors = Counter("gateway_upstream_errors", "Failed attempts.", ["kind"], registry=registry)
        self._retries = Counter("gateway_retries", "Attempts beyond the first.", registry=registry)
        Gauge("gateway_in_flight", "Client requests being served.", registry=registry).set_function(lambda: in_flight.total)
        phases = Histogram("gateway_phase_seconds", "Duration of each phase.", ["phase"], registry=registry, buckets=PHASE_BUCKETS)
        self._phases = {phase: phases.labels(phase) for phase in PHASES}
        # Keeps the labelled children: `labels()` costs more than the increment itself.
        self._requests_of: dict[tuple[str, int], Counter] = {}
        self._seconds_of: dict[str, Histogram] = {}

    def count(self, context: RequestContext) -> None:
        """Count one finished request."""
        key = context.model, context.status
        if key not in self._requests_of:
            self._requests_of[key] = self._requests.labels(context.model, str(context.status))
        self._requests_of[key].inc()
        if context.model not in self._seconds_of:
            self._seconds_of[context.model] = self._seconds.labels(context.model)
        self._seconds_of[context.model].observe(context.elapsed_seconds())
        if context.ttft_seconds is not None:
            self._ttft.observe(context.ttft_seconds)
        for phase, seconds in context.timeline.spent.items():
            self._phases[phase].observe(seconds)

    def upstream_failed(self, kind: str) -> None:
        self._upstream_errors.labels(kind).inc()

    def retried(self) -> None:
        self._retries.inc()
