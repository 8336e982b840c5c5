"""The registry's metrics, computed from the table at each scrape, so a removed entry leaves no series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from services.registry.registry import Registry
from services.registry.table import Query


class RegistryCollector(Collector):
    """Collects the registry's metrics."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        table = self._registry.table
        views = table.list(Query(status="all"), self._registry.clock.now())
        services = GaugeMetricFamily("registry_services", "Registered services.", labels=["kind", "status"])
        for (kind, status), count in sorted(Counter((view.kind, view.status) for view in views).items()):
            services.add_metric([kind, status], count)
        yield services
        yield CounterMetricFamily("registry_registrations", "Registrations accepted.", value=table.totals.registrations)
        yield CounterMetricFamily("registry_heartbeats", "Heartbeats accepted.", value=table.totals.heartbeats)
        yield CounterMetricFamily("registry_expirations", "Leases that expired.", value=table.totals.expirations)
        yield GaugeMetricFamily("registry_revision", "Revision of the table.", value=table.revision)
