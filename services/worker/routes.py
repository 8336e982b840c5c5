"""The worker's public HTTP routes. Each one only delegates."""

from __future__ import annotations

from aiohttp import web

from services.service import json_response
from services.worker import vendor_endpoints
from services.worker.endpoints import ENDPOINTS
from services.worker.request_handler import RequestHandler, no_model, no_route
from services.worker.slots import Slots


def is_public(path: str) -> bool:
    """Whether the request handler checks the token instead of the middleware, so that the journal records a rejection."""
    return path.startswith("/v1/")


def routes(request_handler: RequestHandler, slots: Slots) -> web.RouteTableDef:
    table = web.RouteTableDef()
    models = request_handler.settings.models
    created = int(request_handler.context.started_at)

    def listed(model: str) -> dict[str, object]:
        return {"id": model, "object": "model", "created": created, "owned_by": "simulator", "root": model, "parent": None}

    @table.get("/v1/models")
    async def list_models(request: web.Request) -> web.Response:
        request_handler.must_be_allowed(request)
        request_handler.must_be_loaded()
        return json_response({"object": "list", "data": [listed(model) for model in models]})

    @table.get("/v1/models/{model:.+}")
    async def one_model(request: web.Request) -> web.Response:
        request_handler.must_be_allowed(request)
        request_handler.must_be_loaded()
        model = request.match_info["model"]
        if model not in models:
            raise no_model(model)
        return json_response(listed(model))

    @table.get("/v1/{path:.*}")
    async def other(request: web.Request) -> web.Response:
        request_handler.must_be_allowed(request)
        raise no_route(request)

    @table.get("/get_load")
    async def load(_: web.Request) -> web.Response:
        return json_response(vendor_endpoints.load(slots))

    @table.get("/get_model_info")
    @table.get("/model_info")
    async def model_info(_: web.Request) -> web.Response:
        return json_response(vendor_endpoints.model_info(request_handler.settings))

    @table.get("/get_server_info")
    @table.get("/server_info")
    async def server_info(_: web.Request) -> web.Response:
        return json_response(vendor_endpoints.server_info(request_handler.settings, slots))

    # The exact paths come first: aiohttp finds them in a dictionary, and tries patterns one by one.
    for path in ENDPOINTS:
        table.post(path)(request_handler.answer)
    table.route("*", "/v1/{path:.*}")(request_handler.answer)
    return table
