"""Relays one request upstream and its response back, byte for byte. It neither chooses a worker nor retries on another one."""

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

# Not relayed: hop-by-hop headers, headers that aiohttp recomputes, and secrets of the previous hop. aiohttp's server has already
# answered Expect and decompressed the body.
_NOT_RELAYED = wire.HOP_BY_HOP | {"host", "content-length", "content-encoding", "expect", "authorization", wire.CLUSTER_TOKEN.lower()}
_NOT_RETURNED = wire.HOP_BY_HOP | {"content-length", "date", "server"}

# A close within this time can be the race with the upstream's keep-alive limit. After a later close the upstream may have begun work.
STALE_SECONDS = 1.0


@dataclass
class UpstreamError(Exception):
    """The upstream hop failed. `kind`: connect (certainly nothing was sent), disconnect, timeout or protocol.

    `is_stale`: a kept-alive connection closed before any response. The upstream may have closed it because it was idle.
    """

    kind: str
    detail: str
    is_stale: bool = False

    def __post_init__(self) -> None:
        super().__init__(f"{self.kind}: {self.detail}")

    @property
    def definite(self) -> bool:
        """Whether the request certainly did not reach the upstream."""
        return self.kind == "connect"


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, from sending to the first body byte, and between body chunks. Streams may be long, so there is no total."""

    connect_seconds: float
    first_byte_seconds: float
    idle_seconds: float


@dataclass
class Exchange:
    """An upstream response with an empty body, or with a body that has begun to arrive."""

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
        """The response headers without hop-by-hop headers."""
        return _without(self.response.headers, _NOT_RETURNED)

    async def chunks(self, total_seconds: float | None = None) -> AsyncIterator[bytes]:
        """Body chunks as they arrive, including the first one.

        Raises UpstreamError if the upstream breaks off, stalls, or sends for more than `total_seconds` (None: no limit).
        """
        deadline = time.monotonic() + (math.inf if total_seconds is None else total_seconds)
        if self.first_chunk:
            yield self.first_chunk
        try:
            while chunk := await _read(self.response, min(self.idle_seconds, deadline - time.monotonic())):
                yield chunk
        except UpstreamError as error:
            _drop_tracebacks(error.__cause__)
            self.connector.close_idle(self.response.url, error)
            raise

    def close(self) -> None:
        """Return the connection to the pool if the body is complete. Else cut it, so that the upstream notices at once."""
        self.response.close()


_is_reused: contextvars.ContextVar[bool] = contextvars.ContextVar("is_reused", default=False)
_wants_fresh: contextvars.ContextVar[bool] = contextvars.ContextVar("wants_fresh", default=False)
_connected: contextvars.ContextVar[Callable[[], None] | None] = contextvars.ContextVar("connected", default=None)


class Connector(aiohttp.TCPConnector):
    """Reports to the current task when it has a connection and whether that is reused. Opens a new connection on demand."""

    _used: weakref.WeakSet[asyncio.BaseProtocol] = weakref.WeakSet()

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        connection = await super().connect(req, traces, timeout)
        if (protocol := connection.protocol) is not None:
            _is_reused.set(protocol in self._used)
            self._used.add(protocol)
        if (notify := _connected.get()) is not None:
            notify()
        return connection

    def close_idle(self, url: URL, error: UpstreamError) -> None:
        """Close every idle connection to a node that did not answer."""
        # After a partition such a connection waits for its next retransmission, many seconds after the network is back: RFC 6298
        # doubles the timer each time. A new connection gets its answer at once.
        if error.kind not in ("connect", "timeout"):
            return
        for key in [key for key in self._conns if (key.host, key.port) == (url.host, url.port)]:
            for protocol, _ in self._conns.pop(key):
                protocol.close()

    async def _get(self, key: Any, traces: Any) -> Any:
        return None if _wants_fresh.get() else await super()._get(key, traces)


def open_session() -> aiohttp.ClientSession:
    """A connection pool of one service: unlimited, without cookies, decompression or proxies from the environment."""
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

    If a kept-alive connection closes under the first attempt (`is_first`), the request is sent again on a new connection.
    """
    # The usual reason is the upstream's idle limit, and then the request had no effect. If the upstream crashed instead, the new
    # connection fails as well.
    try:
        return await _exchange(session, method, url, headers, body, timeouts)
    except UpstreamError as error:
        if not (error.is_stale and is_first):
            raise
        token = _wants_fresh.set(True)
        try:
            return await _exchange(session, method, url, headers, body, timeouts)
        except UpstreamError as second:
            raise (error if second.definite else second) from None  # The first attempt may have had an effect.
        finally:
            _wants_fresh.reset(token)


async def _exchange(
    session: aiohttp.ClientSession, method: str, url: URL, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
) -> Exchange:
    assert isinstance(session.connector, Connector)  # `open_session` opens every session
    try:
        response, first = await _first_byte(session, method, url, headers, body, timeouts)
    except UpstreamError as error:
        _drop_tracebacks(error.__cause__)
        session.connector.close_idle(url, error)
        raise
    return Exchange(response, first, timeouts.idle_seconds, session.connector)


async def _first_byte(
    session: aiohttp.ClientSession, method: str, url: URL, headers: Mapping[str, str], body: bytes, timeouts: Timeouts
) -> tuple[aiohttp.ClientResponse, bytes]:
    """The response and the first bytes of its body (none if the body is empty)."""
    started = time.monotonic()
    limit = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect_seconds)
    try:
        async with asyncio.timeout(timeouts.connect_seconds + timeouts.first_byte_seconds) as waiting:
            # Restarts the timer after the connect. Else a hung worker would delay its client by both timeouts.
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
        raise UpstreamError("disconnect", "closed before the response", is_stale=is_stale) from error
    except (aiohttp.ClientError, ValueError) as error:
        raise UpstreamError("protocol", f"{type(error).__name__}: {error}") from error


def request_headers(request: web.Request, extra: Mapping[str, str]) -> CIMultiDict[str]:
    """The client's headers for the upstream: without hop-by-hop headers and credentials, overridden by `extra`."""
    headers = _without(request.headers, _NOT_RELAYED)
    for name, value in extra.items():
        headers[name] = value
    return headers


def _drop_tracebacks(error: BaseException | None) -> None:
    """Drop the tracebacks of an error and of its causes."""
    # aiohttp stores the error in the response, and the frames of its traceback hold the response. Such a cycle is garbage of 12 KiB
    # for each failed request, until a full collection. That one is rare: a busy service would grow for more than 1000 failures.
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _without(headers: Mapping[str, str], names: frozenset[str]) -> CIMultiDict[str]:
    kept: CIMultiDict[str] = CIMultiDict()
    spellings: dict[str, str] = {}
    for name, value in headers.items():
        if (lower := name.lower()) not in names:
            # aiohttp's client drops all but the last of the values of a name in different spellings, so each gets the first one.
            kept.add(spellings.setdefault(lower, name), value)
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
