"""A server that answers by a script, byte by byte, and a handler that notes what it receives."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvloop

from hivecheck.protocol.exchange import Exchange, Failure
from hivecheck.protocol.http1 import RequestHead, ResponseHead
from hivecheck.protocol.origin import Origin
from hivecheck.protocol.pool import Pool

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]
PATIENCE_SECONDS = 30.0
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
Writer = asyncio.StreamWriter
Answer = Callable[["Peer", Writer, bytes], Awaitable[None]]


def run(work: Coroutine[object, object, None], loop: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop) -> None:
    """Run a test in a loop of its own."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(work, PATIENCE_SECONDS))


def unary(body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n%b" % (len(body), more, body)


def chunk(data: bytes) -> bytes:
    event = b"data: " + data + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(event), event)


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition. The limit is the one of the whole test."""
    while not condition():  # noqa: ASYNC110 - the conditions are those of sockets and processes
        await asyncio.sleep(0.001)


@dataclass
class Peer:
    """`answer` gets the path of each request and writes what it likes."""

    answer: Answer
    port: int = 0
    accepted: int = 0
    open: int = 0
    paths: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> Origin:
        return Origin(False, "127.0.0.1", self.port)

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """One connection."""
        self.accepted += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                self.paths.append(head.split(b" ", 2)[1])
                await self.answer(self, writer, self.paths[-1])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def listening(answer: Answer, context: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    peer = Peer(answer)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=context)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()


@asynccontextmanager
async def pooled(pool: Pool | None = None) -> AsyncIterator[Pool]:
    pool = pool or Pool(asyncio.get_running_loop())
    try:
        yield pool
    finally:
        await pool.close()
        assert pool.open_connections == 0


@dataclass
class Notes:
    """Notes what one exchange brings. `act` is called with each event."""

    act: Callable[[], None] | None = None
    connects: int = 0
    head: ResponseHead | None = None
    events: list[bytes] = field(default_factory=list)
    body: bytes = b""
    ends: list[Failure | None] = field(default_factory=list)
    exchange: Exchange | None = None

    def on_connect(self) -> None:
        self.connects += 1

    def on_head(self, head: ResponseHead, now: float) -> None:
        self._alive()
        self.head = head

    def on_event(self, data: bytes, now: float) -> None:
        self._alive()
        self.events.append(data)
        if self.act is not None:
            self.act()

    def on_body(self, piece: bytes, now: float) -> None:
        self._alive()
        self.body += piece

    def on_end(self, now: float) -> None:
        self._alive()
        self.ends.append(None)

    def on_failure(self, failure: Failure, now: float) -> None:
        self._alive()
        self.ends.append(failure)

    def send(self, pool: Pool, origin: Origin, path: str = "/", seconds: float = PATIENCE_SECONDS, body: bytes = b"{}") -> Notes:
        self.exchange = pool.send(origin, RequestHead("POST", path, origin.host_header, {}).bytes(body), self, seconds)
        return self

    async def end(self) -> Failure | None:
        await until(lambda: self.ends)
        return self.ends[0]

    def abort(self) -> None:
        assert self.exchange is not None
        self.exchange.abort()

    def _alive(self) -> None:
        assert not self.ends, "a callback after the end"


async def echo(peer: Peer, writer: Writer, path: bytes) -> None:
    writer.write(unary(path))


async def stream(peer: Peer, writer: Writer, path: bytes) -> None:
    writer.write(STREAM + chunk(path))
    await writer.drain()
    writer.write(chunk(b"[DONE]") + END)


async def hang(peer: Peer, writer: Writer, path: bytes) -> None:
    writer.write({b"/head": STREAM, b"/stream": STREAM + chunk(b"t0"), b"/body": unary(b"x" * 10)[:-5]}.get(path, b""))
