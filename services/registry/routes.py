"""The registry's HTTP routes: they decode bodies and parameters and encode JSON. The rules are in `table.py`."""

from __future__ import annotations

import math
from typing import cast, get_args

from aiohttp import web

from services import bodies, wire
from services.api_errors import ApiError
from services.registry.registry import Registry
from services.registry.table import Query, StatusFilter
from services.service import ServiceContext, json_response


def routes(context: ServiceContext, registry: Registry) -> web.RouteTableDef:
    """The routes of the registry."""
    table = web.RouteTableDef()

    @table.post("/services")
    async def register(request: web.Request) -> web.Response:
        _must_not_drain(context)
        registration = bodies.decode(await request.read(), wire.Registration)
        must_be_registrable(registration)
        is_new, lease = registry.register(registration)
        return json_response(lease, status=201 if is_new else 200)

    @table.put("/services/{id}/heartbeat")
    async def heartbeat(request: web.Request) -> web.Response:
        _must_not_drain(context)
        update = bodies.decode(await request.read(), wire.Heartbeat)
        _must_be_finite(update.metrics or {})
        bodies.must_be_models(update.models or ())
        return json_response(registry.heartbeat(request.match_info["id"], update))

    @table.delete("/services/{id}")
    async def deregister(request: web.Request) -> web.Response:
        _must_not_drain(context)
        epoch = bodies.integer(request.query, "epoch", least=1)
        return json_response({"removed": registry.deregister(request.match_info["id"], epoch)})

    @table.get("/services")
    async def services(request: web.Request) -> web.Response:
        query = _query(request)
        if "since" in request.query:
            await _wait_for_change(request, registry)
        return json_response(registry.snapshot(query))

    @table.get("/services/{id}")
    async def service(request: web.Request) -> web.Response:
        if entry := registry.find(request.match_info["id"]):
            return json_response(entry)
        raise ApiError("not_found", f"{request.match_info['id']} is not registered.")

    @table.get("/stats")
    async def stats(_: web.Request) -> web.Response:
        return json_response(registry.stats())

    return table


def must_be_registrable(registration: wire.Registration) -> None:
    """Raise ApiError 400 with the field unless the registration is valid."""
    bodies.must_be_name(registration.id, "id")
    bodies.must_be_url(registration.url, "url")
    if registration.hive is not None:
        bodies.must_be_name(registration.hive, "hive")
    if registration.epoch < 1:
        raise ApiError("invalid_request", f"epoch = {registration.epoch}: expected nanoseconds since 1970, 1 or more.", param="epoch")
    bodies.must_be_models(registration.models)
    _must_be_finite(registration.metrics)


async def _wait_for_change(request: web.Request, registry: Registry) -> None:
    since = bodies.integer(request.query, "since")
    wait = min(bodies.seconds(request.query, "wait", 0.0), registry.settings.max_wait_seconds)
    # A revision of another instance is not comparable, so its reader gets the current list at once.
    if request.query.get("instance", registry.instance) == registry.instance:
        await registry.wait_for_change(since, wait)


def _query(request: web.Request) -> Query:
    given = request.query
    kind = bodies.choice(given, "kind", None, get_args(wire.NodeKind))
    status = bodies.choice(given, "status", "online", get_args(StatusFilter))
    return Query(kind=cast(wire.NodeKind | None, kind), model=given.get("model"), hive=given.get("hive"), status=cast(StatusFilter, status))


def _must_be_finite(metrics: dict[str, float]) -> None:
    # JSON has no NaN, so a stored one would break every reader of the list.
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise ApiError("invalid_request", f"metrics.{name} = {value}: expected a finite number.", param=f"metrics.{name}")


def _must_not_drain(context: ServiceContext) -> None:
    if context.is_draining:
        raise ApiError("draining", "The registry is stopping; try again later.", headers={wire.RETRY_AFTER: "1"})
