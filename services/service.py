"""Runs one aiohttp application as a service: token check, request ids, errors, `/health /ready /info /metrics`, drain on SIGTERM.

The service's own behaviour is in its `ServiceHooks` and its routes.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import prometheus_client
from aiohttp import web
from yarl import URL

from services import connections, descriptors, logs, wire
from services.api_errors import ApiError
from services.config import CommonSettings
from services.listener import Listener
from services.source import source_hash

log = logging.getLogger("services.service")

OPEN_PATHS = frozenset({"/health", "/ready", "/info", "/metrics"})
MAX_BODY_BYTES = 16 * 1024 * 1024
CONNECTION_BACKLOG = 2048  # The kernel queues a burst of connects. Beyond the queue it drops SYNs, and clients wait a second.

# Values that the middleware stores on a request: its id, and whether its response has begun.
REQUEST_ID = web.RequestKey("request_id", str)
IS_ANSWERED = web.RequestKey("is_answered", bool)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ServiceHooks(Protocol):
    """The callbacks of one service. Every method is cheap and never raises."""

    def health(self) -> Mapping[str, Any]:
        """The body of `/health` with `status`: healthy, degraded or unhealthy. The HTTP status is always 200."""

    def not_ready_reason(self) -> str | None:
        """The reason if `/ready` gives 503, or None if the service can serve."""

    def info(self) -> Mapping[str, Any]:
        """The fields of `/info` beyond the common ones."""

    async def start(self) -> None:
        """Start background work. The port is already bound, so peers may call back."""

    async def drain(self) -> None:
        """Finish in-flight work up to the deadline, then end background work. `/ready` already gives 503."""


@dataclass
class ServiceContext:
    """One running service: its name, settings, metrics, listener and stop request."""

    service: str
    settings: CommonSettings
    metrics: prometheus_client.CollectorRegistry = field(default_factory=lambda: prometheus_client.CollectorRegistry(auto_describe=False))
    is_draining: bool = False
    stop_requested: asyncio.Event = field(default_factory=asyncio.Event)
    started_at: float = field(default_factory=time.time)
    started_monotonic: float = field(default_factory=time.monotonic)
    source: str = field(default_factory=source_hash)
    listener: Listener | None = None

    @property
    def url(self) -> str:
        return self.settings.advertised_url or f"http://{self.settings.host}:{self.settings.port}"

    def uptime_seconds(self) -> float:
        return time.monotonic() - self.started_monotonic


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Any msgspec-encodable value as a JSON response."""
    return web.Response(body=msgspec.json.encode(body), status=status, headers=headers, content_type="application/json")


def report_settings_accepted(service: str, settings: CommonSettings) -> None:
    """Open the log with a line that states that every setting is valid. An exit before this line refuses a setting."""
    logs.configure(service, settings.name)
    logs.event(log, "settings_accepted")


def run(
    context: ServiceContext, hooks: ServiceHooks, routes: web.RouteTableDef, *, is_public: Callable[[str], bool] = lambda path: False
) -> None:
    """Serve until SIGTERM, SIGINT or `context.stop_requested`, then drain and return (the process ends with code 0).

    `report_settings_accepted` comes first, because it opens the log.
    Paths outside OPEN_PATHS need the cluster token unless `is_public(path)`. An empty token disables the check.
    """
    descriptors.raise_limit()
    # Here and not in `application`, because a worker has a second application for its admin port.
    tasks = prometheus_client.Gauge("service_tasks", "Asyncio tasks that have not ended.", registry=context.metrics)
    tasks.set_function(lambda: len(asyncio.all_tasks()))
    app = application(context, hooks, routes, is_public)
    _new_runner()(_serve(context, hooks, app))


def application(
    context: ServiceContext, hooks: ServiceHooks, routes: web.RouteTableDef, is_public: Callable[[str], bool]
) -> web.Application:
    """The aiohttp application of a service: the middleware, the common routes and the service's own routes."""
    app = web.Application(middlewares=[_middleware(context, is_public)], client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(_add_request_id)
    app.add_routes(_common_routes(context, hooks))
    app.add_routes(routes)
    return app


def _new_runner() -> Callable[[Any], None]:
    import uvloop

    return uvloop.run


async def _serve(context: ServiceContext, hooks: ServiceHooks, app: web.Application) -> None:
    context.stop_requested = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, context.stop_requested.set)
    # handler_cancellation: a disconnect cancels the handler, so that each `finally` in it releases its slot or counter.
    limits = connections.Limits(context.settings.header_seconds, min(context.settings.max_connections, descriptors.room_for_requests()))
    runner = connections.Runner(app, limits, access_log=None, handler_cancellation=True, shutdown_timeout=1.0, handle_signals=False)
    await runner.setup()
    context.listener = Listener(runner, context.settings.host, context.settings.port, CONNECTION_BACKLOG)
    try:
        await context.listener.open()
    except OSError as error:
        logs.event(log, "port_unavailable", level=logging.ERROR, url=context.url, error=str(error))
        raise SystemExit(3) from None
    logs.event(log, "listening", url=context.url, pid=os.getpid(), source_hash=context.source)
    await hooks.start()
    gc.freeze()  # Objects of the start-up live as long as the process, so later collections skip them.
    gc.enable()  # `__main__` disables it for the time of the imports.
    await context.stop_requested.wait()
    context.is_draining = True
    logs.event(log, "draining", deadline_seconds=context.settings.drain_seconds)
    await hooks.drain()
    await runner.cleanup()
    logs.event(log, "stopped", uptime_seconds=context.uptime_seconds())


def _common_routes(context: ServiceContext, hooks: ServiceHooks) -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.get("/health")
    async def health(_: web.Request) -> web.Response:
        common = {"service": context.service, "name": context.settings.name, "started_at": context.started_at}
        return json_response(common | dict(hooks.health()))

    @routes.get("/ready")
    async def ready(_: web.Request) -> web.Response:
        reason = "draining" if context.is_draining else hooks.not_ready_reason()
        if reason:
            raise ApiError("not_ready", reason, headers={wire.RETRY_AFTER: "1"})
        return json_response({"ready": True})

    @routes.get("/info")
    async def info(request: web.Request) -> web.Response:
        address = URL(context.url)
        common = {
            "service": context.service,
            "name": context.settings.name,
            "host": address.host,
            "port": address.port,
            "url": context.url,
            "pid": os.getpid(),
            "started_at": context.started_at,
            "uptime_seconds": context.uptime_seconds(),
            "drain_seconds": context.settings.drain_seconds,
            "source_hash": context.source,
            "routes": _routes_of(request.app),
        }
        return json_response(common | dict(hooks.info()))

    @routes.get("/metrics")
    async def metrics(_: web.Request) -> web.Response:
        text = prometheus_client.generate_latest(context.metrics)
        return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    return routes


def _routes_of(app: web.Application) -> list[str]:
    """Method and path of every route, `*` for any method. HEAD comes with each GET and is left out."""
    found = [f"{route.method} {route.resource.canonical}" for route in app.router.routes() if route.resource and route.method != "HEAD"]
    return sorted(set(found))


def _middleware(context: ServiceContext, is_public: Callable[[str], bool]) -> Any:
    token = context.settings.token

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(wire.REQUEST_ID, "")
        identifier = given if wire.REQUEST_ID_PATTERN.fullmatch(given) else uuid.uuid4().hex
        request[REQUEST_ID] = identifier
        logs.request_id.set(identifier)
        try:
            if token and request.path not in OPEN_PATHS and not is_public(request.path):
                must_have_token(request, token)
            return await handler(request)
        except ApiError as error:
            return _error_response(error)
        except web.HTTPNotFound:
            return _error_response(ApiError("not_found", f"No route {request.method} {request.path}."))
        except web.HTTPMethodNotAllowed as error:
            return _error_response(ApiError("method_not_allowed", f"{request.method} is not allowed here; use {error.headers['Allow']}."))
        except web.RequestPayloadError:
            return _error_response(ApiError("invalid_request", "The body is malformed: its length or encoding contradicts the headers."))
        except web.HTTPRequestEntityTooLarge:
            return _error_response(ApiError("request_too_large", f"The body exceeds the limit (bytes: {MAX_BODY_BYTES})."))
        except Exception:
            if request.get(IS_ANSWERED):
                raise  # The response has begun, so aiohttp cuts the connection.
            log.exception("handler_failed")
            return _error_response(ApiError("internal_error", "The service failed to handle this request; its log has the details."))

    return guard


def must_have_token(request: web.Request, token: str) -> None:
    """Raise ApiError 401 unless the request carries the cluster token."""
    import hmac

    given = request.headers.get(wire.CLUSTER_TOKEN, "")
    # A constant-time comparison, because the duration of `==` reveals how many characters match.
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise ApiError("invalid_cluster_token", f"This call needs the cluster token in the header {wire.CLUSTER_TOKEN}.")


def _error_response(error: ApiError) -> web.Response:
    return web.Response(body=error.body(), status=error.status, headers=error.headers, content_type="application/json")


async def _add_request_id(request: web.Request, response: web.StreamResponse) -> None:
    request[IS_ANSWERED] = True
    if identifier := request.get(REQUEST_ID):
        response.headers[wire.REQUEST_ID] = identifier
