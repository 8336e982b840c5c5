"""The hive's reports: health, registrations, models and metrics. Pure functions of its workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from services import wire
from services.hive.supervisor import Supervisor
from services.hive.worker import Worker


def overall_health(states: Iterable[wire.WorkerState]) -> wire.Health:
    """Healthy only if every worker is alive. Draining workers do not count, and starting ones make the hive `degraded`."""
    serving = [state for state in states if state != "draining"]
    if all(state == "alive" for state in serving):
        return "healthy"
    if "alive" in serving or all(state == "starting" for state in serving):
        return "degraded"
    return "unhealthy"


def health_body(workers: Iterable[Worker]) -> dict[str, Any]:
    """The body of `/health`."""
    known = list(workers)
    return {
        "status": overall_health(worker.state for worker in known),
        "workers": {
            worker.id: {
                "state": worker.state,
                "pid": worker.pid,
                "restarts": worker.restarts,
                "last_exit": worker.last_exit,
                "models": worker.models,
            }
            for worker in known
        },
    }


def registrations(hive: wire.Registration, workers: Iterable[Worker], now: float) -> dict[str, wire.Registration]:
    """The desired registrations: the hive, its alive workers, and draining workers with requests in flight. `now` is monotonic."""
    known = list(workers)
    registered = [
        _registration(hive.id, worker, now) for worker in known if worker.state == "alive" or (worker.is_draining and worker.in_flight)
    ]
    metrics = {name: sum(each.metrics[name] for each in registered) for name in ("running", "waiting", "in_flight")}
    health = overall_health(worker.state for worker in known)
    return {hive.id: msgspec.structs.replace(hive, health=health, metrics=metrics)} | {each.id: each for each in registered}


def models_body(workers: Iterable[Worker], hive: str) -> dict[str, Any]:
    """OpenAI's model list over all alive workers, each model once."""
    created: dict[str, int] = {}
    for worker in workers:
        if worker.state == "alive":
            for model in worker.models:
                # The first time alive, so that a restart of the worker does not change `created`.
                created.setdefault(model, int(worker.first_alive or 0))
    data = [{"id": model, "object": "model", "created": since, "owned_by": hive} for model, since in sorted(created.items())]
    return {"object": "list", "data": data}


class HiveCollector(Collector):
    """The hive's metrics, computed at each scrape."""

    def __init__(self, supervisor: Supervisor, relayed: Mapping[str, int]) -> None:
        self._supervisor = supervisor
        self._relayed = relayed

    def collect(self) -> Iterator[Metric]:
        workers = list(self._supervisor)
        states = GaugeMetricFamily("hive_workers", "Workers by state.", labels=["state"])
        for state, count in sorted(Counter(worker.state for worker in workers).items()):
            states.add_metric([state], count)
        yield states
        yield CounterMetricFamily("hive_worker_restarts", "Restarts of workers.", value=self._supervisor.restarts)
        relayed = CounterMetricFamily("hive_relayed_requests", "Relayed requests by outcome.", labels=["outcome"])
        for outcome, count in sorted(self._relayed.items()):
            relayed.add_metric([outcome], count)
        yield relayed
        yield GaugeMetricFamily("hive_in_flight", "Requests being relayed.", value=sum(worker.in_flight for worker in workers))


def _registration(hive: str, worker: Worker, now: float) -> wire.Registration:
    load = worker.load
    # Without the age of the load a gateway cannot tell which of its own requests the load contains.
    ages = {"age_seconds": load.age_seconds(now)}
    metrics = {"running": load.running, "waiting": load.waiting, "in_flight": float(worker.in_flight)} | ages
    return wire.Registration(
        id=worker.id,
        kind="worker",
        url=worker.url,
        epoch=worker.epoch,
        hive=hive,
        models=worker.models,
        state="draining" if worker.is_draining else "ready",
        metrics=metrics,
    )
