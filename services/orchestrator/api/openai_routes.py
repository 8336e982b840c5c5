"""The client routes `/v1/*` and `/models`: authentication and validation. The proxy selects workers and forwards."""

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
    """Whether clients call this path with their own credentials. All other paths require the cluster token."""
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
        offered = gateway.model_aliases.offered(gateway.cluster.view.by_model, identity)
        return json_response({"object": "list", "data": [_model(gateway, name) for name in offered]})

    # The pattern allows slashes, because repository names contain them.
    @table.get("/v1/models/{id:.+}")
    async def model(request: web.Request) -> web.Response:
        identity, name = _identify(gateway, request), request.match_info["id"]
        served = gateway.model_aliases.served_name(name, identity)
        if identity.may_use(name, served) and served in gateway.cluster.view.by_model:
            return json_response(_model(gateway, name))
        raise not_found(name)

    @table.route("*", "/v1/{path:.*}")
    async def anything(request: web.Request) -> web.StreamResponse:
        if request.method in ("GET", "HEAD") and not request.body_exists:
            # Without a body there is no model, and so no worker to select.
            _identify(gateway, request)
            raise ApiError("not_found", f"No route {request.method} {request.path}.")
        return await serve(gateway, request, validation.ANY)


async def serve(gateway: Gateway, request: web.Request, decoder: Decoder[Any]) -> web.StreamResponse:
    """Check one request and answer it. The recorder counts it exactly once, on every way out."""
    with gateway.recorder.open(request) as context, gateway.drain_deadline.serving(context):
        # Authentication comes first: a client without a key learns nothing about load or models.
        context.identity = gateway.auth.identify(request.headers.get("Authorization"))
        _must_have_capacity(gateway)
        _must_be_plain(request.path)
        body = await bodies.read(request, seconds=gateway.settings.body_seconds, max_bytes=MAX_BODY_BYTES)
        model = validation.must_be_valid(body, decoder).model
        return await _route(gateway, context, context.identity, model, body)


async def _route(gateway: Gateway, context: RequestContext, identity: Identity, model: str, body: bytes) -> web.StreamResponse:
    requested, model = model, gateway.model_aliases.served_name(model, identity)
    identity.must_be_allowed(requested, model)
    if requested != model:
        body = validation.with_model(body, model)
    if gateway.provisioner and gateway.session:
        await gateway.provisioner.must_be_served(gateway.session, model)
    now = time.monotonic()
    if gateway.cluster.is_known(model, now):
        context.model = model
    workers = gateway.cluster.must_have(model, now)
    if gateway.session is None:
        raise unavailable("The gateway is starting; try again.")
    context.timeline.lap("resolve")
    return await gateway.proxy.answer(gateway.session, context, workers, gateway.recorder.open_entry(context, body))


def _identify(gateway: Gateway, request: web.Request) -> Identity:
    return gateway.auth.identify(request.headers.get("Authorization"))


def _must_have_capacity(gateway: Gateway) -> None:
    if gateway.service.is_draining:
        raise ApiError("draining", "The gateway is stopping; send the request to another one.", headers={RETRY_AFTER: "1"})
    if gateway.recorder.in_flight.total > gateway.max_in_flight:
        raise unavailable(f"The gateway already serves {gateway.max_in_flight} requests; try again.")
    if gateway.recorder.ledger.is_full:
        raise unavailable("The gateway cannot record usage at the moment; try again.")


def _must_be_plain(path: str) -> None:
    """Refuse dot segments: they could leave the worker's `/v1/` and reach its internal endpoints with the cluster token."""
    if not {".", ".."}.isdisjoint(path.replace("\\", "/").split("/")):
        raise ApiError("not_found", f"No route {path}.")


def _model(gateway: Gateway, name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": int(gateway.service.started_at), "owned_by": "reference"}
