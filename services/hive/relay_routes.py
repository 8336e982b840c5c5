"""Relays `/v1/*` to the least busy worker of the model, and `/workers/{id}/v1/*` to that worker."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from functools import partial

import msgspec
from aiohttp import web
from yarl import URL

from services import connections, logs, relay, wire
from services.api_errors import ApiError
from services.bodies import decode
from services.hive.http_pools import HttpPools
from services.hive.settings import HiveSettings
from services.hive.supervisor import Supervisor, no_worker
from services.hive.worker import Worker
from services.service import REQUEST_ID, ServiceContext

log = logging.getLogger("services.hive.relay")

CLIENT_GONE_STATUS = 499  # nginx's code for a client disconnect. It appears only in logs.
FAILURES = {"connect": "no_available_workers", "timeout": "upstream_timeout", "protocol": "upstream_protocol_error"}


class _ModelField(msgspec.Struct, frozen=True):
    """The only field of a body that the hive reads, and only if it has to choose the worker."""

    model: str


class Relay:
    """Relays requests to workers and counts each once. `outcomes`: finished, cancelled, or the kind of upstream failure."""

    def __init__(self, context: ServiceContext, settings: HiveSettings, pools: HttpPools) -> None:
        self.outcomes: Counter[str] = Counter()
        self._context = context
        self._token = settings.token
        self._pools = pools
        self._timeouts = relay.Timeouts(settings.connect_seconds, settings.first_byte_seconds, settings.idle_seconds)

    async def carry(self, worker: Worker, request: web.Request, suffix: str) -> web.StreamResponse:
        """Relay one request to the worker's URL plus `suffix`. Raises ApiError only before the first response byte."""
        if self._context.is_draining or worker.is_draining:
            raise ApiError("draining", f"{worker.id} is draining and accepts no new requests.", headers={wire.RETRY_AFTER: "1"})
        if worker.state != "alive":
            raise no_worker(f"{worker.id} is {worker.state}.")
        started, outcome, status = time.monotonic(), "cancelled", CLIENT_GONE_STATUS
        with worker.relaying():
            try:
                exchange = await self._send(worker, request, suffix)
                try:
                    status = exchange.status
                    response, outcome = await _answer(worker, request, exchange)
                finally:
                    exchange.close()
            except relay.UpstreamError as error:
                refusal = _refusal(worker, error)
                outcome, status = error.kind, refusal.status
                try:
                    raise refusal from None
                finally:
                    del refusal  # Its traceback holds this frame: a cycle, if the frame held it as well.
            finally:
                self._book(worker, request, suffix, status, outcome, time.monotonic() - started)
        return response

    async def _send(self, worker: Worker, request: web.Request, suffix: str) -> relay.Exchange:
        body = await request.read()
        headers = relay.request_headers(request, {wire.CLUSTER_TOKEN: self._token, wire.REQUEST_ID: request[REQUEST_ID]})
        url = URL(worker.origin + suffix, encoded=True)
        # Only the gateway's first attempt may reconnect here. Else the attempts of gateway and hive would multiply.
        is_first = request.headers.get(wire.ATTEMPTS, "1") == "1"
        return await relay.exchange(self._pools.relayed, request.method, url, headers, body, self._timeouts, is_first=is_first)

    def _book(self, worker: Worker, request: web.Request, path: str, status: int, outcome: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        line = partial(
            logs.event,
            log,
            "relayed",
            worker=worker.id,
            path=path.partition("?")[0],
            status=status,
            seconds=round(seconds, 6),
            outcome=outcome,
            subject=request.headers.get(wire.AUTH_SUBJECT),
            tenant=request.headers.get(wire.AUTH_TENANT),
        )
        # Logged after the response is out, because a log line takes 5 % of the time of a relayed request.
        asyncio.get_running_loop().call_soon(line)


def relay_routes(supervisor: Supervisor, carrier: Relay) -> web.RouteTableDef:
    """The relaying routes. They come first, because aiohttp tries routes in order and these are the busy ones."""
    table = web.RouteTableDef()

    @table.route("*", "/workers/{id}/v1/{path:.*}")
    async def to_worker(request: web.Request) -> web.StreamResponse:
        # The raw path, because the client's percent-encoding must stay unchanged. An id contains no slash.
        _, found, rest = request.raw_path.removeprefix("/workers/").partition("/v1/")
        if not found:
            raise ApiError("not_found", f"No route {request.method} {request.path}.")
        return await carrier.carry(_target(supervisor, request.match_info["id"]), request, "/v1/" + rest)

    @table.route("*", "/v1/{path:.*}")
    async def to_any(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        model = decode(body, _ModelField).model if body else None
        return await carrier.carry(supervisor.choose(model), request, request.raw_path)

    return table


def _target(supervisor: Supervisor, identifier: str) -> Worker:
    """The worker. An unknown id gives 503."""
    # A gateway's view can still contain a removed worker. It must try another worker, and a 404 would end its request.
    try:
        return supervisor.find(identifier)
    except ApiError:
        raise no_worker(f"This hive has no worker {identifier} (any more).") from None


async def _answer(worker: Worker, request: web.Request, exchange: relay.Exchange) -> tuple[web.StreamResponse, str]:
    """Pass the response on, and return it with the outcome. A failure after the first byte cuts the connection."""
    headers = exchange.headers()
    headers[wire.WORKER_ID] = worker.id
    length = exchange.response.content_length
    if length == len(exchange.first_chunk):
        return web.Response(body=exchange.first_chunk, status=exchange.status, headers=headers), "finished"
    response = web.StreamResponse(status=exchange.status, headers=headers)
    response.content_length = length
    await response.prepare(request)
    try:
        async for chunk in exchange.chunks():
            worker.last_byte = time.monotonic()
            await response.write(chunk)
        await response.write_eof()
    except relay.UpstreamError as error:
        connections.cut(request)
        return response, error.kind
    except ConnectionError:  # The client has disconnected, and aiohttp is about to cancel this handler.
        return response, "cancelled"
    return response, "finished"


def _refusal(worker: Worker, error: relay.UpstreamError) -> ApiError:
    code = FAILURES.get(error.kind, "upstream_disconnected")
    headers = {wire.WORKER_ID: worker.id} | ({wire.RETRY_AFTER: "1"} if error.definite else {})
    return ApiError(code, f"{worker.id}: {error.detail}", headers=headers)
