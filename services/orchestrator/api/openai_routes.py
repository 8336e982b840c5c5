"""The routes of clients: `/v1/*` and `/models`. They check and hand on; the proxy does the rest."""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from services import bodies
from services.api_errors import ApiError
from services.orchestrator.api import validation
from services.orchestrator.api.validation import Decoder
from services.orchestrator.gateway import Gateway
from services.orchestrator.identity.auth import Identity
from services.orchestrator.request.context import RequestContext
from services.orchestrator.routing.cluster import unavailable
from services.orchestrator.routing.model_aliases import not_found
from services.service import MAX_BODY_BYTES, json_response
from services.wire import RETRY_AFTER


def is_client_path(path: str) -> bool:
    """Whether a path is for clients with their own credentials rather than for holders of the cluster's token."""
    return path.startswith("/v1/") or path == "/models"


def add(table: web.RouteTableDef, gateway: Gateway) -> None:
    """Add the client routes of one gateway."""

    @table.post("/v1/chat/completions")
    async def chat(request: web.Request) -> web.StreamResponse:
        return await serve(gateway, request, validation.CHAT)

    @table.post("/v1/completions")
    async def completions(request: web.Request) -> web.StreamResponse:
        return await serve(gateway, request, validation.COMPLETION)

    @table.get("/models")
    @table.get("/v1/models")
    async def models(request: web.Request) -> web.Response:
        identity = _identify(gateway, request)
        offered = gateway.catalogue.offered(gateway.cluster.view.by_model, identity)
        return json_response({"object": "list", "data": [_model(gateway, name) for name in offered]})

    @table.get("/v1/models/{id:.+}")
    async def model(request: web.Request) -> web.Response:
        identity, name = _identify(gateway, request), request.match_info["id"]
        served = gateway.catalogue.served_name(name, identity)
        if identity.may_use(name, served) and served in gateway.cluster.view.by_model:
            return json_response(_model(gateway, name))
        raise not_found(name)

    @table.route("*", "/v1/{path:.*}")
    async def anything(request: web.Request) -> web.StreamResponse:
        if request.method in ("GET", "HEAD") and not request.body_exists:
            _identify(gateway, request)
            raise ApiError("not_found", f"No route {request.method} {request.path}.")
        return await serve(gateway, request, validation.ANY)


async def serve(gateway: Gateway, request: web.Request, decoder: Decoder[Any]) -> web.StreamResponse:
    """Check one request and have it answered. Settled exactly once, whatever happens."""
    with gateway.books.open(request) as call, gateway.cutoff.serving():
        call.identity = gateway.auth.identify(request.headers.get("Authorization"))
        _must_have_room(gateway)
        _must_be_plain(request.path)
        body = await bodies.read(request, seconds=gateway.settings.body_seconds, max_bytes=MAX_BODY_BYTES)
        model = validation.must_be_valid(body, decoder).model
        return await _route(gateway, call, call.identity, model, body)


async def _route(gateway: Gateway, call: RequestContext, identity: Identity, model: str, body: bytes) -> web.StreamResponse:
    asked, model = model, gateway.catalogue.served_name(model, identity)
    identity.must_be_allowed(asked, model)
    if asked != model:
        body = validation.with_model(body, model)
    if gateway.provisioner and gateway.session:
        await gateway.provisioner.must_be_there(gateway.session, model)
    now = time.monotonic()
    if gateway.cluster.is_known(model, now):
        call.model = model
    workers = gateway.cluster.must_have(model, now)
    if gateway.session is None:
        raise unavailable("The gateway is starting; try again.")
    call.timeline.lap("resolve")
    return await gateway.proxy.answer(gateway.session, call, workers, gateway.books.book(call, body))


def _identify(gateway: Gateway, request: web.Request) -> Identity:
    return gateway.auth.identify(request.headers.get("Authorization"))


def _must_have_room(gateway: Gateway) -> None:
    if gateway.frame.is_draining:
        raise ApiError("draining", "The gateway is stopping; try another one.", headers={RETRY_AFTER: "1"})
    if gateway.books.in_flight.total > gateway.max_in_flight:
        raise unavailable(f"The gateway already serves {gateway.max_in_flight} requests; try again.")
    if gateway.books.ledger.is_full:
        raise unavailable("The gateway cannot book requests at the moment; try again.")


def _must_be_plain(path: str) -> None:
    """Dot segments could lead out of the worker's `/v1/`, where the cluster's token opens every door."""
    if not {".", ".."}.isdisjoint(path.replace("\\", "/").split("/")):
        raise ApiError("not_found", f"No route {path}.")


def _model(gateway: Gateway, name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": int(gateway.frame.started_at), "owned_by": "reference"}
