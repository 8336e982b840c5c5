"""Sends one request to one worker and waits for the first byte of the answer. Selects no worker and never retries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from services import bodies, relay, wire
from services.orchestrator.forwarding.failures import Failure
from services.orchestrator.identity.auth import Identity
from services.relay import Exchange, Timeouts, UpstreamError
from services.service import REQUEST_ID
from services.wire import ServiceEntry

MAX_ERROR_BODY_BYTES = 256 * 1024
SSE = "text/event-stream"


@dataclass(frozen=True)
class Upstream:
    """The connection settings for workers: cluster token and timeouts."""

    token: str
    timeouts: Timeouts

    async def attempt(
        self,
        session: aiohttp.ClientSession,
        worker: ServiceEntry,
        request: web.Request,
        headers: CIMultiDict[str],
        body: bytes,
        *,
        is_first: bool = True,
    ) -> Exchange | Failure:
        """The worker's answer with its first bytes, or the failure of the attempt."""
        url = URL(worker.url + request.raw_path, encoded=True)
        try:
            exchange = await relay.exchange(session, request.method, url, headers, body, self.timeouts, is_first=is_first)
            if exchange.status >= 400:
                return await _error_answer(worker, exchange)
        except UpstreamError as error:
            return Failure(worker.id, error.kind, error.detail)
        if is_sse(exchange) and exchange.is_complete and not exchange.first_chunk:
            exchange.close()
            return Failure(worker.id, "disconnect", "the stream ended before its first byte")
        return exchange

    def headers(self, request: web.Request, identity: Identity) -> CIMultiDict[str]:
        """The client's headers for the worker, with identity, request id and cluster token."""
        # Only the gateway sets the identity headers. A client could otherwise act as another tenant.
        headers = relay.request_headers(request, {})
        for name in (wire.AUTH_SUBJECT, wire.AUTH_TENANT):
            headers.popall(name, None)
        headers.update(identity.headers())
        headers[wire.REQUEST_ID] = request[REQUEST_ID]
        if self.token:
            headers[wire.CLUSTER_TOKEN] = self.token
        return headers


def is_sse(exchange: Exchange) -> bool:
    """Whether the answer is an event stream that the gateway can parse, which excludes a compressed one."""
    headers = exchange.response.headers
    return headers.get("Content-Type", "").startswith(SSE) and headers.get("Content-Encoding", "identity") == "identity"


async def _error_answer(worker: ServiceEntry, exchange: Exchange) -> Failure:
    """The failure for an error status, with at most MAX_ERROR_BODY_BYTES of its body."""
    body = b""
    try:
        async with asyncio.timeout(exchange.idle_seconds):
            async for chunk in exchange.chunks():
                body += chunk
                if len(body) > MAX_ERROR_BODY_BYTES:
                    break
    except (UpstreamError, TimeoutError):
        body = b""  # The status alone is enough for the failure.
    finally:
        exchange.close()
    headers = exchange.headers()
    # The gateway must read the error to judge its shape, so the client gets it without a coding.
    body = bodies.plain(body, headers.popall("Content-Encoding", ["identity"])[0].lower(), MAX_ERROR_BODY_BYTES)
    return Failure(worker.id, "status", f"status {exchange.status}", exchange.status, headers, body)
