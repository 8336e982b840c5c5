"""The catalogue's routes, behind the cluster's token: what is known, how far it is, and the wish to have a model here."""

from __future__ import annotations

import msgspec
from aiohttp import web

from services import bodies, wire
from services.api_errors import ApiError
from services.hive.provisioning import Provisioning, as_body
from services.service import ServiceContext, json_response


class _Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`serve`: with a worker for it, not only its file."""

    serve: bool = True


def add_provisioning_routes(table: web.RouteTableDef, frame: ServiceContext, provisioning: Provisioning) -> None:
    """Add the routes of a hive that provisions."""

    @table.get("/catalogue")
    async def catalogue(_: web.Request) -> web.Response:
        return json_response(as_body([provisioning.view(model.model) for model in provisioning.catalogue]))

    @table.get("/catalogue/{model:.+}")
    async def view(request: web.Request) -> web.Response:
        return json_response(provisioning.view(request.match_info["model"]))

    @table.post("/catalogue/{model:.+}")
    async def ask(request: web.Request) -> web.Response:
        if frame.is_draining:
            raise ApiError("draining", "The hive is stopping.", headers={wire.RETRY_AFTER: "1"})
        body = await request.read()
        wish = bodies.decode(body, _Wish) if body else _Wish()
        view = await provisioning.ask(request.match_info["model"], is_served=wish.serve)
        return json_response(view, status=200 if view.state == "ready" else 202)
