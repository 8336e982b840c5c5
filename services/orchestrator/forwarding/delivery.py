"""Relays an answer to the client byte for byte. If the worker breaks off, the client gets an error event and an incomplete body."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDict

from services import connections
from services.api_errors import ApiError
from services.orchestrator.forwarding.failures import CODE_OF_KIND
from services.orchestrator.forwarding.sse_tail import SseTail
from services.orchestrator.forwarding.upstream import is_sse
from services.orchestrator.request.context import RequestContext
from services.orchestrator.request.recorder import CLIENT_GONE_STATUS
from services.relay import Exchange, UpstreamError

# Only these paths promise `data: [DONE]`. Other streams can end without it.
TERMINATED_PATHS = frozenset({"/v1/chat/completions", "/v1/completions"})
STOPPING = b"data: " + ApiError("draining", "The gateway stops before the answer is complete.").body() + b"\n\n"
_STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Limits:
    """Time limits: for a whole non-streamed answer, and for a client to receive one chunk."""

    unary_seconds: float
    write_seconds: float


class ClientStalled(ConnectionError):
    """The client reads no more data. It occupies a worker slot, so the gateway disconnects it."""


async def deliver(
    context: RequestContext, exchange: Exchange, headers: CIMultiDict[str], limits: Limits
) -> tuple[web.StreamResponse, UpstreamError | None]:
    """Relay the answer. The error is set if the worker broke off and the gateway cut the client connection."""
    context.status = exchange.status
    ledger_entry = context.must_have_entry()
    ledger_entry.answered(is_stream=is_sse(exchange), encoding=exchange.response.headers.get("Content-Encoding", "identity"))
    if exchange.is_complete and not is_sse(exchange):
        ledger_entry.feed(exchange.first_chunk)
        # A plain response sends headers and body in one TCP segment, a stream response needs two.
        return web.Response(body=exchange.first_chunk, status=exchange.status, reason=exchange.response.reason, headers=headers), None
    response = web.StreamResponse(status=exchange.status, reason=exchange.response.reason, headers=headers)
    tail = SseTail() if is_sse(exchange) else None
    try:
        return response, await _stream(context, exchange, response, tail, limits)
    except ConnectionError:
        context.status, context.outcome = CLIENT_GONE_STATUS, "client_gone"
        return response, None


async def _stream(
    context: RequestContext, exchange: Exchange, response: web.StreamResponse, tail: SseTail | None, limits: Limits
) -> UpstreamError | None:
    if tail is None:
        response.content_length = exchange.response.content_length
    else:
        for name, value in _STREAM_HEADERS.items():
            response.headers.setdefault(name, value)
    await response.prepare(context.request)
    ledger_entry, left = context.must_have_entry(), exchange.response.content_length
    try:
        async for chunk in exchange.chunks(None if tail else limits.unary_seconds):
            if tail is not None:
                tail.feed(chunk)
            left = None if left is None else left - len(chunk)
            passed = ledger_entry.feed(chunk)
            if tail.is_done if tail is not None else left == 0:
                ledger_entry.settle(context.status, "ok")  # Before the last byte: a client with its answer finds it in the ledger.
            if passed:
                await _send(context.request, response, passed, limits.write_seconds)
        if tail is not None and not tail.is_done and context.request.path in TERMINATED_PATHS:
            raise UpstreamError("protocol", "the stream ended without [DONE]")
    except asyncio.CancelledError:
        if tail is not None and not tail.is_done and _is_there(context.request):
            await _break_off(context.request, response, ledger_entry.rest() + tail.separator() + STOPPING, limits)
        raise
    except UpstreamError as error:
        if tail is not None and tail.is_done:  # Only the end of the HTTP body is missing, and the client can do without it.
            await response.write_eof(ledger_entry.rest() + tail.separator())
            return None
        context.outcome = "upstream_broke"
        ledger_entry.settle(context.status, context.outcome)
        last = ledger_entry.rest() + tail.separator() + error_event(error) if tail is not None else b""
        await _break_off(context.request, response, last, limits)
        return error
    ledger_entry.settle(context.status, "ok")
    await response.write_eof(ledger_entry.rest())
    return None


async def _send(request: web.Request, response: web.StreamResponse, data: bytes, seconds: float) -> None:
    """Write `data`. Aborts the connection and raises ClientStalled if the client does not receive it in time."""
    try:
        async with asyncio.timeout(seconds):
            await response.write(data)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ClientStalled(f"the client received nothing for {seconds:g} s") from None


def _is_there(request: web.Request) -> bool:
    """Whether the client is still connected. A cancelled request then means that the gateway stops."""
    return request.transport is not None and not request.transport.is_closing()


async def _break_off(request: web.Request, response: web.StreamResponse, last: bytes, limits: Limits) -> None:
    """Send the last event, then cut the connection, so that the body is visibly incomplete."""
    try:
        if last:
            await _send(request, response, last, limits.write_seconds)
    finally:
        connections.cut(request)


def error_event(error: UpstreamError) -> bytes:
    """The last event of a failed stream. Its code distinguishes a disconnect, a timeout and an early end."""
    return b"data: " + ApiError(CODE_OF_KIND[error.kind], f"The worker broke off: {error.detail}.").body() + b"\n\n"
