"""The hub's routes, all behind the cluster token: the model list, the files, and the admin API for faults."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from services import bodies, wire
from services.model_hub.delivery import deliver
from services.model_hub.hub import ModelHub
from services.model_hub.injected_faults import Change
from services.service import json_response


def routes(hub: ModelHub) -> web.RouteTableDef:
    """The routes of one hub."""
    table = web.RouteTableDef()

    @table.get("/models")
    async def models(_: web.Request) -> web.Response:
        hub.must_be_up()
        listed = [wire.HubModel(model=one.model, size_bytes=one.size_bytes, sha256=one.sha256) for one in hub.contents.values()]
        return json_response(wire.HubModels(models=tuple(listed)))

    @table.get("/files/{model:.+}")  # HEAD as well
    async def file(request: web.Request) -> web.StreamResponse:
        hub.must_be_up()
        return await deliver(hub, hub.find(request.match_info["model"]), request)

    @table.post("/admin/orders")
    async def inject(request: web.Request) -> web.Response:
        await hub.inject(bodies.decode(await request.read(), Change))
        return json_response(asdict(hub.injected_faults))

    @table.post("/admin/reset")
    async def reset(_: web.Request) -> web.Response:
        await hub.reset()
        return json_response(asdict(hub.injected_faults))

    @table.get("/admin/state")
    async def state(_: web.Request) -> web.Response:
        return json_response(asdict(hub.injected_faults))

    @table.get("/admin/journal")
    async def journal(request: web.Request) -> web.Response:
        since = bodies.integer(request.query, "since", 0)
        lines = hub.journal.read(since)
        return json_response({"events": lines, "next": since + len(lines)})

    return table
