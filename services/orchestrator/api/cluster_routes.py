"""The operator routes: services, statistics, cluster status, workers and their failures. They require the cluster token."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from services.api_errors import ApiError
from services.orchestrator.api import reports
from services.orchestrator.gateway import Gateway
from services.service import json_response
from services.wire import ServiceEntry


def add(table: web.RouteTableDef, gateway: Gateway) -> None:
    """Add the operator routes of one gateway."""
    cluster, in_flight = gateway.cluster, gateway.recorder.in_flight
    breakers = gateway.proxy.attempts.breakers

    def described(entry: ServiceEntry) -> dict[str, Any]:
        now = time.monotonic()
        age = cluster.age_seconds(now) or 0.0
        # The registry's status and the gateway's own routing state can differ, so the answer has both.
        routing = {
            "circuit": breakers.state(entry.id, now),
            "ejected": bool(gateway.proxy.passive_health.ejected([entry])),
            "waiting_of_others": gateway.proxy.queues.of_others(entry.id, now),
        }
        return reports.worker(entry, in_flight, age) | routing

    @table.get("/services")
    async def services(_: web.Request) -> web.Response:
        settings = gateway.settings
        listed = reports.services(cluster, in_flight, settings.name, gateway.service.url, settings.registry_url)
        return json_response({"services": listed})

    @table.get("/stats")
    async def stats(_: web.Request) -> web.Response:
        return json_response(gateway.recorder.stats.report(in_flight.total))

    @table.get("/api/cluster/status")
    async def status(_: web.Request) -> web.Response:
        return json_response(reports.cluster_status(cluster, in_flight, time.monotonic()))

    @table.get("/api/cluster/workers")
    async def workers(_: web.Request) -> web.Response:
        return json_response({"workers": [described(entry) for entry in cluster.view.workers.values()]})

    @table.delete("/api/cluster/failures")
    async def forget_failures(_: web.Request) -> web.Response:
        # After a repair an operator needs the workers at once, before their circuits have been probed.
        gateway.proxy.forget_failures()
        return json_response({"workers": len(cluster.view.workers)})

    @table.get("/api/cluster/workers/{id}")
    async def worker(request: web.Request) -> web.Response:
        identifier = request.match_info["id"]
        if entry := cluster.view.workers.get(identifier):
            return json_response(described(entry))
        raise ApiError("not_found", f"The gateway knows no worker '{identifier}'.")
