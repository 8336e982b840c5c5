"""The worker's admin API on its own port: faults, journal and state. Every path needs the cluster token."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from services import service
from services.api_errors import ApiError
from services.service import json_response
from services.worker.behaviour import Behaviour, BehaviourError, parse
from services.worker.injected_faults import InjectedFaults, Rate, total_share
from services.worker.journal import MAX_LINES_READ
from services.worker.request_handler import RequestHandler
from services.worker.settings import FalseHealth
from services.worker.slots import Slots

MAX_ONE_SHOTS = 10_000


class OneShot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fault` has the syntax of X-Simulate, for example `status:503` or `ttft=2;fault=reset_after:3`."""

    fault: str
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_ONE_SHOTS)] = 1


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`fault` has the syntax of X-Simulate. `share` is the fraction of requests with this fault."""

    fault: str
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the injected faults. Omitted fields keep their value. `fault` and `count` add one more one-shot.

    `one_shots` are appended to the queue, `rates` replace the current rates, and `allocate_mib` adds to the allocated memory.
    """

    fault: str | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=MAX_ONE_SHOTS)] = 1
    one_shots: tuple[OneShot, ...] = ()
    rates: tuple[Share, ...] | None = None
    health: FalseHealth | None = None
    ignore_sigterm: bool | None = None
    allocate_mib: Annotated[int, msgspec.Meta(ge=0, le=65_536)] = 0
    refuse_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 0


def application(
    context: service.ServiceContext, hooks: service.ServiceHooks, request_handler: RequestHandler, slots: Slots
) -> web.Application:
    """The admin application. Its common routes, such as /health, need the token as well."""
    # The port can crash the worker, so not even /health answers without the token.
    app = service.application(context, hooks, routes(request_handler, slots), is_public=lambda path: False)
    app.middlewares.append(_token_for_everything(request_handler))
    return app


def routes(request_handler: RequestHandler, slots: Slots) -> web.RouteTableDef:
    table = web.RouteTableDef()

    @table.post("/admin/faults")
    async def change(request: web.Request) -> web.Response:
        await _apply(_decode(await request.read()), request_handler)
        return json_response({"queued": len(request_handler.injected_faults.one_shots)})

    @table.post("/admin/reset")
    async def reset(_: web.Request) -> web.Response:
        return json_response({"dropped": request_handler.injected_faults.reset()})

    @table.get("/admin/journal")
    async def journal(request: web.Request) -> web.Response:
        since = _line_number(request.query.get("since", "0"))
        lines = request_handler.journal.read(since)
        return json_response({"since": since, "next": since + len(lines), "is_more": len(lines) == MAX_LINES_READ, "lines": lines})

    @table.get("/admin/state")
    async def state(_: web.Request) -> web.Response:
        load = {"running": slots.running, "waiting": slots.waiting, "slots": request_handler.settings.max_num_seqs}
        phase = {"is_loaded": request_handler.is_loaded, "is_draining": request_handler.context.is_draining}
        return json_response(load | phase | _state_of(request_handler.injected_faults))

    return table


async def _apply(change: Change, request_handler: RequestHandler) -> None:
    """Apply the whole change or nothing of it. Raises ApiError 400 before any effect."""
    injected_faults = request_handler.injected_faults
    added = [*change.one_shots, *([OneShot(change.fault, change.count)] if change.fault is not None else [])]
    # Everything is parsed before anything is applied. A test that sends one bad fault must not find half of its change active.
    shots = [_parsed(shot.fault) for shot in added for _ in range(shot.count)]
    rates = None if change.rates is None else tuple(Rate(rate.share, _parsed(rate.fault)) for rate in change.rates)
    if len(injected_faults.one_shots) + len(shots) > MAX_ONE_SHOTS:
        raise ApiError("invalid_request", f"The queue is limited (one-shots: {MAX_ONE_SHOTS}).", param="count")
    if rates is not None and total_share(rates) > 1:
        raise ApiError("invalid_request", "rates: the shares add up to more than 1.", param="rates")
    if change == Change():
        raise ApiError("invalid_request", "Nothing to do: give fault, one_shots, rates, health, ignore_sigterm, allocate_mib or refuse_ms.")
    injected_faults.allocate(change.allocate_mib)  # First, because only the allocation can fail.
    injected_faults.one_shots.extend(shots)
    injected_faults.rates = injected_faults.rates if rates is None else rates
    injected_faults.health = change.health or injected_faults.health
    injected_faults.ignores_sigterm = injected_faults.ignores_sigterm if change.ignore_sigterm is None else change.ignore_sigterm
    if change.refuse_ms:
        await request_handler.refuse(change.refuse_ms / 1000)


def _parsed(fault: str) -> Behaviour:
    try:
        return parse(fault)
    except BehaviourError as error:
        raise ApiError("invalid_request", f"fault: {error}", param="fault") from None


def _state_of(injected_faults: InjectedFaults) -> dict[str, object]:
    return {
        "one_shots": list(injected_faults.one_shots),
        "rates": injected_faults.rates,
        "health": injected_faults.health,
        "ignores_sigterm": injected_faults.ignores_sigterm,
        "allocated_mib": injected_faults.allocated_mib,
    }


def _decode(body: bytes) -> Change:
    try:
        return msgspec.json.decode(body, type=Change)
    except msgspec.ValidationError as error:
        raise ApiError("invalid_request", f"The request has an invalid field: {error}.") from None
    except msgspec.DecodeError as error:
        raise ApiError("invalid_json", f"The body is not JSON: {error}.") from None


def _line_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ApiError("invalid_request", f"since={text}: expected a line number, 0 or more.", param="since")
    return int(text)


def _token_for_everything(request_handler: RequestHandler) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: service.Handler) -> web.StreamResponse:
        service.must_have_token(request, request_handler.settings.token)
        return await handler(request)

    return guard
