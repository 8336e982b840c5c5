"""One request carried upstream and its answer carried back, byte for byte. Decides nothing: no choice of worker, no retry elsewhere."""

from __future__ import annotations

import asyncio
import contextvars
import math
import time
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from services import wire

# Never relayed: hop-by-hop, recomputed by the client library, answered here already (Expect), undone here already (the server
# decompresses bodies), or a secret of the hop before.
_NOT_RELAYED = wire.HOP_BY_HOP | {"host", "content-length", "content-encoding", "expect", "authorization", wire.CLUSTER_TOKEN.lower()}
_NOT_RETURNED = wire.HOP_BY_HOP | {"content-length", "date", "server"}

STALE_SECONDS = 1.0  # an upstream that ends a connection later than this after the request was at work on it
CUT_FLUSH_SECONDS = 5.0  # how long a cut connection may take to deliver what was written before the cut


@dataclass
class UpstreamError(Exception):
    """The hop upstream failed. `kind`: connect (surely nothing was sent), disconnect, timeout, protocol.

    `is_stale`: a kept-alive connection was closed before any answer; the upstream may just have ended it for being idle.
    """

    kind: str
    detail: str
    is_stale: bool = False

    def __post_init__(self) -> None:
        super().__init__(f"{self.kind}: {self.detail}")

    @property
    def definite(self) -> bool:
        """Whether the request surely did not reach the upstream."""
        return self.kind == "connect"


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, from sent to the first body byte, between body chunks. There is no total: streams may be long."""

    connect_seconds: float
    first_byte_seconds: float
    idle_seconds: float


@dataclass
class Exchange:
    """An upstream answer whose first body bytes have arrived (or whose body is empty)."""

    response: aiohttp.ClientResponse
    first_chunk: bytes
    idle_seconds: float
    connector: Connector

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def is_complete(self) -> bool:
        """Whether `first_chunk` is the whole body."""
        return self.response.content.at_eof()

    def headers(self) -> CIMultiDict[str]:
        """The answer's headers as they may be passed on."""
        return _without(self.response.headers, _NOT_RETURNED)

    async def chunks(self, total_seconds: float | None = None) -> AsyncIterator[bytes]:
        """Body chunks as they arrive, the first one included. Raises UpstreamError when the upstream breaks off or stalls, or drips on
        for more than `total_seconds` (None: as long as it likes)."""
        deadline = time.monotonic() + (math.inf if total_seconds is None else total_seconds)
        if self.first_chunk:
            yield self.first_chunk
        try:
            while chunk := await _read(self.response, min(self.idle_seconds, deadline - time.monotonic())):
                yield chunk
        except UpstreamError as error:
            self.connector.distrust(self.response.url, error)
            raise

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else cut it, so that the upstream notices at once."""
        self.response.close()


_is_reused: contextvars.ContextVar[bool] = contextvars.ContextVar("is_reused", default=False)
_wants_fresh: contextvars.ContextVar[bool] = contextvars.ContextVar("wants_fresh", default=False)
_connected: contextvars.ContextVar[Callable[[], None] | None] = contextvars.ContextVar("connected", default=None)


class Connector(aiohttp.TCPConnector):
    """Tells the current task when it has its connection, and whether that had carried a request before; gives it a fresh one on demand."""

    _used: weakref.WeakSet[asyncio.BaseProtocol] = weakref.WeakSet()

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        connection = await super().connect(req, traces, timeout)
        if (protocol := connection.protocol) is not None:
            _is_reused.set(protocol in self._used)
            self._used.add(protocol)
        if (tell := _connected.get()) is not None:
            tell()
        return connection

    def distrust(self, url: URL, error: UpstreamError) -> None:
        """Close every idle connection to a node that did not answer: behind a cut they are dead, or wait for a retransmission that comes
        only many seconds after the way is whole again (RFC 6298: the wait doubles), when a fresh one answers at once."""
        if error.kind not in ("connect", "timeout"):
            return
        for key in [key for key in self._conns if (key.host, key.port) == (url.host, url.port)]:
            for protocol, _ in self._conns.pop(key):
                protocol.close()

    async def _get(self, key: Any, traces: Any) -> Any:
        return None if _wants_fresh.get() else await super()._get(key, traces)


def open_session() -> aiohttp.ClientSession:
    """The pooled connections of one service: unlimited, no cookies, bodies untouched, proxies of the environment ignored."""
    connector = Connector(limit=0, keepalive_timeout=30)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Mapping[str, str],
    body: bytes,
    timeouts: Timeouts,
    *,
    is_first: bool = True,
) -> Exchange:
    """Send one request and wait for its first body byte. Raises UpstreamError.

    Where a kept-alive connection was closed under the request, the first attempt (`is_first`) has another go on a fresh one:
    the upstream ended it for being idle, and nothing happened. If it died instead, the fresh connection finds nobody either.
    """
    try:
        return await _exchange(session, method, url, headers, body, timeouts)
    except UpstreamError as error:
        if not (error.is_stale and is_first):
            raise
        token = _wants_fresh.set(True)
        try:
            return await _exchange(session, method, url, headers, body, timeouts)
        except UpstreamError as second:
            raise (error if second.definite else second) from None  # the first one may have had an effect
        finally:
            _wants_fresh.reset(token)


async def _exchange(
    session: aiohttp.ClientSession, method: str, url: URL, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
) -> Exchange:
    assert isinstance(session.connector, Connector)  # every session of ours is opened by `open_session`
    try:
        response, first = await _first_byte(session, method, url, headers, body, timeouts)
    except UpstreamError as error:
        session.connector.distrust(url, error)
        raise
    return Exchange(response, first, timeouts.idle_seconds, session.connector)


async def _first_byte(
    session: aiohttp.ClientSession, method: str, url: URL, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
) -> tuple[aiohttp.ClientResponse, bytes]:
    """The answer and the first bytes of its body (none if it is empty)."""
    started = time.monotonic()
    limit = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect_seconds)
    try:
        async with asyncio.timeout(timeouts.connect_seconds + timeouts.first_byte_seconds) as waiting:
            # What connecting did not take is not the answer's: else a worker that hangs would hold its client up for both.
            token = _connected.set(lambda: waiting.reschedule(asyncio.get_running_loop().time() + timeouts.first_byte_seconds))
            try:
                response = await session.request(method, url, headers=headers, data=body or None, timeout=limit, allow_redirects=False)
            finally:
                _connected.reset(token)
            try:
                first = await _read(response, timeouts.first_byte_seconds)
            except BaseException:
                response.close()
                raise
            return response, first
    except aiohttp.ConnectionTimeoutError as error:
        raise UpstreamError("connect", f"no connection within {timeouts.connect_seconds} s") from error
    except TimeoutError as error:
        raise UpstreamError("timeout", f"no first byte within {timeouts.first_byte_seconds} s") from error
    except aiohttp.ClientConnectorError as error:
        raise UpstreamError("connect", str(error.os_error)) from error
    except aiohttp.ClientPayloadError as error:
        raise UpstreamError("disconnect", str(error)) from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError) as error:
        is_stale = _is_reused.get() and time.monotonic() - started < STALE_SECONDS
        raise UpstreamError("disconnect", "closed before the answer", is_stale=is_stale) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise UpstreamError("protocol", f"{type(error).__name__}: {error}") from error


def request_headers(request: web.Request, extra: Mapping[str, str]) -> CIMultiDict[str]:
    """The client's headers as they go upstream: unchanged, less connection details and credentials, with `extra` laid over."""
    headers = _without(request.headers, _NOT_RELAYED)
    for name, value in extra.items():
        headers[name] = value
    return headers


def cut(request: web.Request) -> None:
    """Break the client's connection off in mid-body, so that no client can take what it got for the whole.

    What was written before still arrives: `abort` alone would throw away what the kernel has not taken yet.
    """
    if (transport := request.transport) is not None:
        transport.close()
        asyncio.get_running_loop().call_later(CUT_FLUSH_SECONDS, transport.abort)


def _without(headers: Mapping[str, str], names: frozenset[str]) -> CIMultiDict[str]:
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        if name.lower() not in names:
            kept.add(name, value)
    return kept


async def _read(response: aiohttp.ClientResponse, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await response.content.readany()
    except TimeoutError as error:
        raise UpstreamError("timeout", f"no byte for {seconds:.3g} s") from error
    except aiohttp.ClientPayloadError as error:
        raise UpstreamError("disconnect", "broke off in mid-body") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise UpstreamError("disconnect", f"{type(error).__name__}: {error}") from error
