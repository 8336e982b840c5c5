"""Connections of a service: error objects for invalid HTTP, a deadline for headers, and a limit on open connections.

It does not handle routes. Messages never repeat a client's bytes, because a malformed header may contain a key.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from aiohttp import StreamReader, web

from services import logs, wire
from services.api_errors import ApiError

log = logging.getLogger(__name__)

SILENT_SECONDS = 0.5  # a rejected connection that sends no byte gets its 503 after this time
# The client needs this time to read the 503. A close with unread input sends RST, and the client loses the answer.
LINGER_SECONDS = 0.25
CUT_FLUSH_SECONDS = 5.0  # a cut connection may deliver its buffered bytes for this long
MAX_REJECTED = 128  # at once. Each rejected connection holds a descriptor, so further ones are aborted without an answer.

Handle = Callable[[Any], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Limits:
    """`header_seconds` run from the first byte of a request's headers. For the first request they run from the connect."""

    header_seconds: float
    max_connections: int


class Runner(web.AppRunner):
    """Runs an application behind a `ConnectionLimiter`."""

    def __init__(self, app: web.Application, limits: Limits, **options: Any) -> None:
        super().__init__(app, **options)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        return ConnectionLimiter(await super()._make_server(), self._limits)


class ConnectionLimiter(web.Server):
    """Accepts each new connection as a `Connection`, and rejects those beyond the limit."""

    def __init__(self, plain: web.Server, limits: Limits) -> None:
        handle = partial(_with_error_body, plain.request_handler)
        options: dict[str, Any] = {
            "request_factory": plain.request_factory,
            "handler_cancellation": plain.handler_cancellation,
            "loop": plain._loop,
        }
        super().__init__(handle, **options, **plain._kwargs)
        self.limits = limits
        self.rejected: set[RejectedConnection] = set()

    def __call__(self) -> asyncio.Protocol:  # type: ignore[override]
        if len(self._connections) >= self.limits.max_connections:
            return RejectedConnection(self)
        return Connection(self, loop=self._loop, **self._kwargs)


class Connection(web.RequestHandler):
    """One connection. Invalid HTTP and headers that miss their deadline get an error object."""

    def __init__(self, limiter: ConnectionLimiter, **options: Any) -> None:
        super().__init__(limiter, **options)
        self._header_seconds = limiter.limits.header_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._is_silent = True
        self._body: StreamReader | None = None  # of the last request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._deadline = self._loop.call_later(self._header_seconds, self._is_late)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._is_silent = False
        # Bytes after a whole body begin the next request, even while the handler of the last one still runs.
        is_head = bool(data) and (self._body is None or self._body.is_eof())
        known = self._request_count
        super().data_received(data)
        if self._request_count > known:
            self._body = self._messages[-1][1]
            self._disarm()
        elif self._deadline is None and is_head:
            self._deadline = self._loop.call_later(self._header_seconds, self._is_late)

    def cut(self) -> None:
        """Close the connection. Its written bytes still arrive, for at most CUT_FLUSH_SECONDS."""
        if self.transport is not None:
            # `abort` alone would discard the bytes that the kernel has not accepted yet.
            self.transport.close()
            self._disarm()
            self._deadline = self._loop.call_later(CUT_FLUSH_SECONDS, self.transport.abort)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to invalid HTTP, or after a handler failed outside of the middleware or in mid-response."""
        is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_ours:
            self.log_exception("handler_failed", exc_info=exc)
        else:  # The exception's text and its traceback quote the client's bytes, so the log gets neither.
            logs.event(log, "bad_http", level=logging.WARNING, status=status, kind=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("The response has already begun.")
        response = _response(_failed() if is_ours else _broken())
        response.force_close()
        return response

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Logs a traceback for defects of the service, and one line for a client's malformed body."""
        if isinstance(error := options.get("exc_info"), web.RequestPayloadError):
            logs.event(log, "bad_body", level=logging.WARNING, kind=type(error.__cause__).__name__)
        else:
            super().log_exception(*args, **options)

    def _is_waiting(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_late(self) -> None:
        self._deadline = None
        if self.transport is None:
            return
        if not self._is_waiting():  # The handler of the last request still runs, and the next headers stay incomplete.
            self._deadline = self._loop.call_later(self._header_seconds, self._is_late)
            return
        if not self._is_silent:
            logs.event(log, "headers_late", level=logging.WARNING, seconds=self._header_seconds)
            self.transport.write(_on_the_wire(_late(self._header_seconds)))
        self.force_close()


def cut(request: web.Request) -> None:
    """Close the client's connection in mid-body, so that the client detects a truncated response."""
    cast(Connection, request.protocol).cut()


class RejectedConnection(asyncio.Protocol):
    """A connection beyond the limit: gets 503 at its first byte or after SILENT_SECONDS, and is closed."""

    def __init__(self, limiter: ConnectionLimiter) -> None:
        self._limiter = limiter
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport has the interface but is no subclass
        if len(self._limiter.rejected) >= MAX_REJECTED:
            self._transport.abort()
            return
        self._limiter.rejected.add(self)
        self._timer = asyncio.get_running_loop().call_later(SILENT_SECONDS, self._answer)

    def data_received(self, data: bytes) -> None:
        self._answer()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._limiter.rejected.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def _answer(self) -> None:
        if self._is_answered or self._transport is None or self._timer is None:
            return
        self._is_answered = True
        self._timer.cancel()
        logs.event(log, "connection_rejected", level=logging.WARNING, connections=self._limiter.limits.max_connections)
        self._transport.write(_on_the_wire(_full()))
        self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)


async def _with_error_body(handle: Handle, request: web.BaseRequest) -> web.StreamResponse:
    """Gives an error object to requests that aiohttp rejects before the middleware runs, for example an unknown `Expect`."""
    try:
        return await handle(request)
    except web.HTTPException as error:
        return _response(ApiError("invalid_request", f"{error.reason}."))


def _broken() -> ApiError:
    return ApiError("invalid_request", "The request is not valid HTTP, or its request line or headers are too long or too many.")


def _late(seconds: float) -> ApiError:
    return ApiError("invalid_request", f"The headers were incomplete after {seconds:g} s.")


def _failed() -> ApiError:
    return ApiError("internal_error", "The service failed to handle this request; its log has the details.")


def _full() -> ApiError:
    return ApiError("no_available_workers", "Too many connections; try again.", headers={wire.RETRY_AFTER: "1"})


def _response(error: ApiError) -> web.Response:
    headers = error.headers | {wire.REQUEST_ID: uuid.uuid4().hex}
    return web.Response(body=error.body(), status=error.status, headers=headers, content_type="application/json")


def _on_the_wire(error: ApiError) -> bytes:
    """The same as raw bytes, for a connection without a parsed request."""
    body = error.body()
    headers = error.headers | {wire.REQUEST_ID: uuid.uuid4().hex, "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
