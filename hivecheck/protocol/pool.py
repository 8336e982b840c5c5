"""The connections of one loop: kept alive, as many as there are requests at a time, each host name resolved once."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
import ssl
import time
from collections import defaultdict, deque
from typing import Any

from hivecheck.protocol.connection import Connection
from hivecheck.protocol.exchange import Exchange, Failure, FailureKind, Handler
from hivecheck.protocol.origin import Origin, Tls, connect_failure

# Below the 75 s of aiohttp's server, so that the client closes first. A server that closes earlier is met by the retry.
IDLE_SECONDS = 15.0
# About 150 tokens, which take a fraction of a millisecond. uvloop reads up to 256 KB at once, and other streams would wait for all of it.
READ_BYTES = 32 * 1024
# An address that drops packets would use up the whole deadline, although the next one answers.
NEXT_ADDRESS_SECONDS = 2.0


class Pool:
    """Use it in the thread of its loop only, which may be asyncio's or uvloop's. `lookups` counts the resolved host names.

    A limit on connections would queue requests in the client, and the server would look slow. So there is none.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tls: Tls = Tls()) -> None:  # noqa: B008 - Tls is frozen
        self.lookups = 0
        self._loop = loop
        self._tls = tls
        self._context: ssl.SSLContext | None = None
        self._idle: defaultdict[Origin, deque[Connection]] = defaultdict(deque)
        self._connections: set[Connection] = set()
        self._opening: dict[asyncio.Task[None], Exchange] = {}
        self._names: dict[tuple[str, int], asyncio.Task[list[str]]] = {}
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._sweep: asyncio.TimerHandle | None = None
        self._none_left: asyncio.Future[None] | None = None  # set while `close` waits

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def send(self, origin: Origin, request: bytes, handler: Handler, deadline_seconds: float, *, is_raw: bool = False) -> Exchange:
        """Send `request` over a kept connection, or over a new one. Returns at once. `is_raw` leaves events unparsed."""
        exchange = Exchange(request, handler, is_raw=is_raw)
        exchange.limit(self._loop, deadline_seconds)
        idle = self._idle[origin]
        while idle:
            # The newest one, so that those beyond the present need grow old and close.
            connection = idle.pop()
            if connection.is_open:
                connection.send(exchange)
                return exchange
        self._open(origin, exchange)
        return exchange

    async def close(self) -> None:
        """Abort what runs, close every connection, and wait until all descriptors are free."""
        self._none_left = self._loop.create_future()
        if self._sweep is not None:
            self._sweep.cancel()
        opening = dict(self._opening)
        for exchange in opening.values():
            exchange.abort()
        for connection in list(self._connections):
            connection.abort()
        for name in self._names.values():
            name.cancel()
        await asyncio.gather(*opening, *self._names.values(), return_exceptions=True)
        if self._connections:
            await self._none_left

    def _open(self, origin: Origin, exchange: Exchange) -> None:
        if self._none_left is not None:
            exchange.abort()
            return
        exchange.handler.on_connect()
        task = self._loop.create_task(self._connect(origin, exchange))
        exchange.connect_with(task)
        self._opening[task] = exchange
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        exchange = self._opening.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # Of the harness itself. The exchange must end, and the loop's handler prints the traceback.
            exchange.fail(Failure(FailureKind.UNREACHABLE, f"{type(error).__name__}: {error}"), time.monotonic())
            self._loop.call_exception_handler({"message": "an HTTP connection was not opened", "exception": error, "task": task})

    async def _connect(self, origin: Origin, exchange: Exchange) -> None:
        made: list[Connection] = []

        def make() -> Connection:
            keep, reopen = functools.partial(self._keep, origin), functools.partial(self._open, origin)
            made.append(Connection(keep, self._drop, reopen, self._buffer))
            return made[-1]

        try:
            addresses = await self._addresses(origin.host, origin.port)
            *others, last = addresses
            for address in (*others, last):
                try:
                    async with asyncio.timeout(None if address == last else NEXT_ADDRESS_SECONDS):
                        await self._loop.create_connection(make, address, origin.port, **self._tls_options(origin))
                    break
                except OSError:
                    if address == last:
                        raise
            # The next connection tries this address first.
            addresses.sort(key=address.__ne__)
        except OSError as error:
            exchange.fail(connect_failure(origin, error), time.monotonic())
        except asyncio.CancelledError:
            # A cancellation can come after the socket is open and before this task knows.
            for connection in made:
                connection.abort()
            raise
        else:
            self._connections.add(made[-1])
            made[-1].send(exchange)

    def _tls_options(self, origin: Origin) -> dict[str, Any]:
        if not origin.is_tls:
            return {}
        self._context = self._context or self._tls.context()
        return {"ssl": self._context, "server_hostname": origin.host}

    async def _addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host name, resolved once. A failed lookup is repeated by the next request."""
        lookup = self._names.get((host, port))
        if lookup is None:
            lookup = self._names[host, port] = self._loop.create_task(self._look_up(host, port))
            # Its error is taken here too, because all clients that wait for it may have left.
            lookup.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            # The client that asked first may leave, and the others still need the answer.
            return await asyncio.shield(lookup)
        except OSError:
            if self._names.get((host, port)) is lookup:
                del self._names[host, port]
            raise

    async def _look_up(self, host: str, port: int) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            self.lookups += 1
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    def _keep(self, origin: Origin, connection: Connection) -> None:
        connection.idle_since = time.monotonic()
        self._idle[origin].append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(IDLE_SECONDS, self._close_old)

    def _close_old(self) -> None:
        oldest = time.monotonic()
        for idle in self._idle.values():
            while idle and (not idle[0].is_open or idle[0].idle_since + IDLE_SECONDS <= time.monotonic()):
                idle.popleft().abort()
            if idle:
                oldest = min(oldest, idle[0].idle_since)
        has_more = any(self._idle.values())
        self._sweep = self._loop.call_later(oldest + IDLE_SECONDS - time.monotonic(), self._close_old) if has_more else None

    def _drop(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._none_left is not None and not self._connections and not self._none_left.done():
            self._none_left.set_result(None)
