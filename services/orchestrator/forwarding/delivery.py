"""A worker's answer on its way to the client, byte for byte; and an honest break when the worker breaks off."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web
from multidict import CIMultiDict

from services import relay
from services.api_errors import ApiError
from services.orchestrator.forwarding.failures import CODE_OF_KIND
from services.orchestrator.forwarding.sse_tail import SseTail
from services.orchestrator.forwarding.upstream import is_sse
from services.orchestrator.request.context import RequestContext
from services.orchestrator.request.recorder import CLIENT_GONE_STATUS
from services.relay import Exchange, UpstreamError

# Only these promise `data: [DONE]`; other streams may end as they like.
TERMINATED_PATHS = frozenset({"/v1/chat/completions", "/v1/completions"})
STOPPING = b"data: " + ApiError("draining", "The gateway stops before the answer is whole.").body() + b"\n\n"
_STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@dataclass(frozen=True)
class Limits:
    """Seconds: for the whole of an answer that is no stream, and for a client to take one chunk."""

    unary_seconds: float
    write_seconds: float


class ClientStalled(ConnectionError):
    """The client takes nothing any more: as good as gone, and a worker's slot is too dear to wait."""


async def deliver(
    call: RequestContext, exchange: Exchange, headers: CIMultiDict[str], limits: Limits
) -> tuple[web.StreamResponse, UpstreamError | None]:
    """Pass the answer on. The error is set when the worker broke off and the client's connection was cut."""
    call.status = exchange.status
    booking = call.must_be_booked()
    booking.answered(is_stream=is_sse(exchange), encoding=exchange.response.headers.get("Content-Encoding", "identity"))
    if exchange.is_complete and not is_sse(exchange):
        booking.feed(exchange.first_chunk)
        # Headers and body leave in one segment.
        return web.Response(body=exchange.first_chunk, status=exchange.status, reason=exchange.response.reason, headers=headers), None
    response = web.StreamResponse(status=exchange.status, reason=exchange.response.reason, headers=headers)
    tail = SseTail() if is_sse(exchange) else None
    try:
        return response, await _stream(call, exchange, response, tail, limits)
    except ConnectionError:
        call.status, call.outcome = CLIENT_GONE_STATUS, "client_gone"
        return response, None


async def _stream(
    call: RequestContext, exchange: Exchange, response: web.StreamResponse, tail: SseTail | None, limits: Limits
) -> UpstreamError | None:
    if tail is None:
        response.content_length = exchange.response.content_length
    else:
        for name, value in _STREAM_HEADERS.items():
            response.headers.setdefault(name, value)
    await response.prepare(call.request)
    booking, left = call.must_be_booked(), exchange.response.content_length
    try:
        async for chunk in exchange.chunks(None if tail else limits.unary_seconds):
            if tail is not None:
                tail.feed(chunk)
            left = None if left is None else left - len(chunk)
            passed = booking.feed(chunk)
            if tail.is_done if tail is not None else left == 0:
                booking.settle(call.status, "ok")  # before the last byte: a client that has its answer finds it booked
            if passed:
                await _send(call.request, response, passed, limits.write_seconds)
        if tail is not None and not tail.is_done and call.request.path in TERMINATED_PATHS:
            raise UpstreamError("protocol", "the stream ended without [DONE]")
    except asyncio.CancelledError:
        if tail is not None and not tail.is_done and _is_there(call.request):
            await _break_off(call.request, response, booking.rest() + tail.separator() + STOPPING, limits)
        raise
    except UpstreamError as error:
        call.outcome = "upstream_broke"
        booking.settle(call.status, call.outcome)
        last = booking.rest() + tail.separator() + error_event(error) if tail is not None and not tail.is_done else b""
        await _break_off(call.request, response, last, limits)
        return error
    booking.settle(call.status, "ok")
    await response.write_eof(booking.rest())
    return None


async def _send(request: web.Request, response: web.StreamResponse, data: bytes, seconds: float) -> None:
    """Write; raises ClientStalled, its connection cut, when the client does not take it in time."""
    try:
        async with asyncio.timeout(seconds):
            await response.write(data)
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        raise ClientStalled(f"the client took nothing for {seconds:g} s") from None


def _is_there(request: web.Request) -> bool:
    """Whether the client has not left: then it is the gateway that stops."""
    return request.transport is not None and not request.transport.is_closing()


async def _break_off(request: web.Request, response: web.StreamResponse, last: bytes, limits: Limits) -> None:
    """Tell a client of events what happened, then leave its body visibly incomplete: never a clean end."""
    try:
        if last:
            await _send(request, response, last, limits.write_seconds)
    finally:
        relay.cut(request)


def error_event(error: UpstreamError) -> bytes:
    """The last event of a stream that failed: who reads it learns whether it was cut, fell silent, or ended in good order but too early."""
    return b"data: " + ApiError(CODE_OF_KIND[error.kind], f"The worker broke off: {error.detail}.").body() + b"\n\n"
