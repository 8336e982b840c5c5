"""The worker's metrics under vLLM's names, labelled only with served models. Times are in seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.worker.journal import Record
from services.worker.slots import Slots

FINISH_REASONS = ("stop", "length", "abort", "error")
_TTFT_BUCKETS = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_LATE_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)
_TPOT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_E2E_BUCKETS = (0.005, 0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0)


class ModelMeters:
    """The counters of one model, resolved once, because a label lookup costs more than a count."""

    def __init__(self, families: Meters, model: str) -> None:
        self.prompt_tokens = families.prompt_tokens.labels(model)
        self.generation_tokens = families.generation_tokens.labels(model)
        self.success = {reason: families.success.labels(model, reason) for reason in FINISH_REASONS}
        self.ttft = families.ttft.labels(model)
        self.tpot = families.tpot.labels(model)
        self.e2e = families.e2e.labels(model)
        self.itl = families.itl.labels(model)
        self.queue = families.queue.labels(model)
        self.lateness = families.lateness.labels(model)
        self.cancelled = families.cancelled.labels(model)

    def finished(self, finish_reason: str, record: Record, ended: float) -> None:
        """Count a complete answer. It observes the mean time per token and the largest lateness once per answer."""
        self.success[finish_reason].inc()
        first = record.first_token_at or ended
        self.queue.observe((record.slot_at or record.arrived) - record.arrived)
        self.ttft.observe(first - record.arrived)
        self.e2e.observe(ended - record.arrived)
        self.lateness.observe(record.late_seconds)
        # TPOT divides by the tokens after the first, so a single token has none.
        if record.output_tokens > 1:
            self.tpot.observe((ended - first) / (record.output_tokens - 1))
        for earlier, later in pairwise(record.emitted):
            self.itl.observe(later - earlier)

    def aborted(self) -> None:
        """Count a request after a client disconnect."""
        self.cancelled.inc()
        self.success["abort"].inc()

    def failed(self) -> None:
        """Count a request that a fault ended."""
        self.success["error"].inc()

    def tokens(self, prompt: int, generated: int) -> None:
        """Count the tokens of any answer, complete or not."""
        self.prompt_tokens.inc(prompt)
        self.generation_tokens.inc(generated)


class Meters:
    """All metric families. The gauges read the slots at each scrape, so they cannot drift."""

    def __init__(self, registry: CollectorRegistry, models: Sequence[str], slots: Slots) -> None:
        label = ["model_name"]
        self.prompt_tokens = Counter("vllm:prompt_tokens", "Prompt tokens processed.", label, registry=registry)
        self.generation_tokens = Counter("vllm:generation_tokens", "Tokens generated.", label, registry=registry)
        self.success = Counter("vllm:request_success", "Requests by how they ended.", [*label, "finished_reason"], registry=registry)
        self.queue = _histogram(registry, "vllm:request_queue_time_seconds", "From arrival to a slot.", _TTFT_BUCKETS)
        self.itl = _histogram(registry, "vllm:inter_token_latency_seconds", "From one streamed token to the next.", _TPOT_BUCKETS)
        self.lateness = _histogram(registry, "worker_lateness_seconds", "How late the latest token of an answer was.", _LATE_BUCKETS)
        self.ttft = _histogram(registry, "vllm:time_to_first_token_seconds", "From arrival to the first token.", _TTFT_BUCKETS)
        self.tpot = _histogram(registry, "vllm:time_per_output_token_seconds", "Mean time of a further token.", _TPOT_BUCKETS)
        self.e2e = _histogram(registry, "vllm:e2e_request_latency_seconds", "From arrival to the end.", _E2E_BUCKETS)
        self.cancelled = Counter("worker_requests_cancelled", "Requests with a client disconnect before the end.", label, registry=registry)
        _gauge(registry, "vllm:num_requests_running", "Requests in a slot.", models, slots.running_of)
        _gauge(registry, "vllm:num_requests_waiting", "Requests waiting for a slot.", models, slots.waiting_of)
        self._cache_usage(registry, models, slots)
        self._by_model = {model: ModelMeters(self, model) for model in models}

    def of(self, model: str) -> ModelMeters:
        """The meters of a served model."""
        return self._by_model[model]

    def _cache_usage(self, registry: CollectorRegistry, models: Sequence[str], slots: Slots) -> None:
        gauge = Gauge("vllm:kv_cache_usage_perc", "Share of the slots that run.", ["model_name"], registry=registry)
        for model in models:
            gauge.labels(model).set_function(lambda: slots.running / slots.max_running)


def _histogram(registry: CollectorRegistry, name: str, text: str, buckets: Sequence[float]) -> Histogram:
    return Histogram(name, text, ["model_name"], buckets=buckets, registry=registry)


def _gauge(registry: CollectorRegistry, name: str, text: str, models: Sequence[str], read: Callable[[str], int]) -> None:
    gauge = Gauge(name, text, ["model_name"], registry=registry)
    for model in models:
        gauge.labels(model).set_function(partial(read, model))
