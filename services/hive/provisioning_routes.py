"""The catalogue's routes, behind the cluster token: list the models, read a model's progress, and request a model."""

from __future__ import annotations

import msgspec
from aiohttp import web

from services import bodies, wire
from services.api_errors import ApiError
from services.hive.provisioning import Provisioning, as_body
from services.service import ServiceContext, json_response


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`serve`: start a worker for the model as well, not only the download."""

    serve: bool = True


def add_provisioning_routes(table: web.RouteTableDef, context: ServiceContext, provisioning: Provisioning) -> None:
    """Add the routes of a hive with a model hub."""

    @table.get("/catalogue")
    async def catalogue(_: web.Request) -> web.Response:
        return json_response(as_body([provisioning.view(model.model) for model in provisioning.catalogue]))

    @table.get("/catalogue/{model:.+}")
    async def view(request: web.Request) -> web.Response:
        return json_response(provisioning.view(request.match_info["model"]))

    @table.post("/catalogue/{model:.+}")
    async def ask(request: web.Request) -> web.Response:
        if context.is_draining:
            raise ApiError("draining", "The hive is stopping.", headers={wire.RETRY_AFTER: "1"})
        body = await request.read()
        options = bodies.decode(body, _Options) if body else _Options()
        view = await provisioning.request(request.match_info["model"], is_served=options.serve)
        return json_response(view, status=200 if view.state == "ready" else 202)
