"""The door of a service: what its HTTP library would say in plain text or wait for without end is said in OpenAI's words, and in time.

Knows nothing of routes. Messages never repeat what a client sent: a broken header may hold a key.
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

from aiohttp import web

from services import logs, wire
from services.api_errors import ApiError

log = logging.getLogger(__name__)

SILENT_SECONDS = 0.5  # how long one beyond the cap may take to say anything before it is turned away
LINGER_SECONDS = 0.25  # for it to read why: closing on unread input would reset the connection and lose the answer
MAX_TURNING_AWAY = 128  # at once; more are cut off without a word, because each takes a descriptor

Handle = Callable[[Any], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Limits:
    """Seconds until the headers of a request must be whole, counted from their first byte (of the first: from the connect)."""

    header_seconds: float
    max_connections: int


class Runner(web.AppRunner):
    """Runs an application behind the door."""

    def __init__(self, app: web.Application, limits: Limits, **options: Any) -> None:
        super().__init__(app, **options)
        self._limits = limits

    async def _make_server(self) -> web.Server:
        return ConnectionLimiter(await super()._make_server(), self._limits)


class ConnectionLimiter(web.Server):
    """Makes a `Connection` of each one that comes, and turns away those beyond the cap."""

    def __init__(self, plain: web.Server, limits: Limits) -> None:
        handle = partial(_in_our_words, plain.request_handler)
        options: dict[str, Any] = {
            "request_factory": plain.request_factory,
            "handler_cancellation": plain.handler_cancellation,
            "loop": plain._loop,
        }
        super().__init__(handle, **options, **plain._kwargs)
        self.limits = limits
        self.turned_away: set[RejectedConnection] = set()

    def __call__(self) -> asyncio.Protocol:  # type: ignore[override]
        if len(self._connections) >= self.limits.max_connections:
            return RejectedConnection(self)
        return Connection(self, loop=self._loop, **self._kwargs)


class Connection(web.RequestHandler):
    """One connection: broken HTTP gets an error object, headers that do not come to an end get one, too."""

    def __init__(self, door: ConnectionLimiter, **options: Any) -> None:
        super().__init__(door, **options)
        self._header_seconds = door.limits.header_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._is_silent = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._deadline = self._loop.call_later(self._header_seconds, self._is_late)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._is_silent = False
        super().data_received(data)
        if self._messages:
            self._disarm()
        elif self._deadline is None and self._is_waiting():
            self._deadline = self._loop.call_later(self._header_seconds, self._is_late)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to what is no HTTP, or to a request whose handler failed outside of the frame or in mid-answer."""
        is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if is_ours:
            self.log_exception("handler_failed", exc_info=exc)
        else:  # neither the exception's text nor its traceback: both quote the client's bytes
            logs.event(log, "bad_http", level=logging.WARNING, status=status, kind=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("The answer is on its way already.")
        response = _response(_failed() if is_ours else _broken())
        response.force_close()
        return response

    def log_exception(self, *args: Any, **options: Any) -> None:
        """A traceback for faults of ours; a client's broken body would fill the log with them."""
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
        if self.transport is None or not self._is_waiting():
            return
        if not self._is_silent:
            logs.event(log, "headers_late", level=logging.WARNING, seconds=self._header_seconds)
            self.transport.write(_on_the_wire(_late(self._header_seconds)))
        self.force_close()


class RejectedConnection(asyncio.Protocol):
    """A connection beyond the cap: 503 at its first byte, or a moment later if it says nothing; then it is closed."""

    def __init__(self, door: ConnectionLimiter) -> None:
        self._door = door
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one, but no subclass of it
        if len(self._door.turned_away) >= MAX_TURNING_AWAY:
            self._transport.abort()
            return
        self._door.turned_away.add(self)
        self._timer = asyncio.get_running_loop().call_later(SILENT_SECONDS, self._answer)

    def data_received(self, data: bytes) -> None:
        self._answer()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._door.turned_away.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def _answer(self) -> None:
        if self._is_answered or self._transport is None or self._timer is None:
            return
        self._is_answered = True
        self._timer.cancel()
        logs.event(log, "turned_away", level=logging.WARNING, connections=self._door.limits.max_connections)
        self._transport.write(_on_the_wire(_full()))
        self._timer = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)


async def _in_our_words(handle: Handle, request: web.BaseRequest) -> web.StreamResponse:
    """What the library refuses before the frame sees it, for example an unknown `Expect`."""
    try:
        return await handle(request)
    except web.HTTPException as error:
        return _response(ApiError("invalid_request", f"{error.reason}."))


def _broken() -> ApiError:
    return ApiError("invalid_request", "This is not valid HTTP, or its request line or headers are too long or too many.")


def _late(seconds: float) -> ApiError:
    return ApiError("invalid_request", f"The headers were not whole within {seconds:g} s.")


def _failed() -> ApiError:
    return ApiError("internal_error", "The service failed to handle this request; its log has the details.")


def _full() -> ApiError:
    return ApiError("no_available_workers", "Too many connections; try again.", headers={wire.RETRY_AFTER: "1"})


def _response(error: ApiError) -> web.Response:
    headers = error.headers | {wire.REQUEST_ID: uuid.uuid4().hex}
    return web.Response(body=error.body(), status=error.status, headers=headers, content_type="application/json")


def _on_the_wire(error: ApiError) -> bytes:
    """The same for a connection on which no request was understood."""
    body = error.body()
    headers = error.headers | {wire.REQUEST_ID: uuid.uuid4().hex, "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body
