"""One socket that carries one exchange after the other. It gives each byte to the exchange that it belongs to, and to no other."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import cast

from hivecheck.protocol.exchange import Exchange, Failure, FailureKind
from hivecheck.protocol.http1 import ResponseParser
from hivecheck.protocol.sse import EventParser

# The layout of Linux's struct tcp_info: the state is its first byte, the unacknowledged segments are the 32 bits at 24.
TCP_INFO_BYTES, UNACKED_AT, TCP_CLOSE = 28, 24, 7


class Connection(asyncio.BufferedProtocol):
    """`on_idle` and `on_lost` inform the pool. `on_stale` gives it an exchange that needs another connection."""

    __slots__ = (
        "_buffer",
        "_events",
        "_exchange",
        "_has_head",
        "_is_used",
        "_on_idle",
        "_on_lost",
        "_on_stale",
        "_parser",
        "_transport",
        "idle_since",
    )

    def __init__(
        self,
        on_idle: Callable[[Connection], None],
        on_lost: Callable[[Connection], None],
        on_stale: Callable[[Exchange], None],
        buffer: memoryview,
    ) -> None:
        self._on_idle, self._on_lost, self._on_stale = on_idle, on_lost, on_stale
        self._buffer = buffer  # of the pool: its bytes are copied before the next read
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._parser: ResponseParser | None = None
        self._events: EventParser | None = None
        self._has_head = False
        self._is_used = False  # it carried a whole exchange
        self.idle_since = 0.0  # monotonic seconds

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport has the interface but is no subclass

    def send(self, exchange: Exchange) -> None:
        """Carry this exchange. The connection must be open and idle."""
        assert self._transport is not None and self._exchange is None
        self._exchange = exchange
        self._parser = ResponseParser(is_head_request=exchange.is_head_request)
        self._events = None
        self._has_head = False
        exchange.take(self)
        self._transport.write(exchange.request)

    def cut(self) -> None:
        """Close the socket at once. No exchange hears of it."""
        self._exchange = None
        if self._transport is not None:
            self._transport.abort()

    def abort(self) -> None:
        """Abort the exchange that runs, if there is one, and close the socket."""
        if self._exchange is not None:
            self._exchange.abort()
        self.cut()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes came. Their arrival time is now."""
        now = time.monotonic()
        if nbytes == len(self._buffer) and self._transport is not None:
            # More is waiting. Other connections are read first, so that one fast stream does not delay the tokens of all.
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._read_on)
        self._receive(bytes(self._buffer[:nbytes]), now)

    def _read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _receive(self, data: bytes, now: float) -> None:
        exchange, parser = self._exchange, self._parser
        if exchange is None or parser is None:
            # Nothing was asked for. The next exchange would take it for its answer.
            self.cut()
            return
        pieces = parser.feed(data)
        handler = exchange.handler
        if not self._has_head and parser.head is not None:
            self._has_head = True
            if parser.head.is_event_stream and not exchange.is_raw:
                self._events = EventParser()
            handler.on_head(parser.head, now)
        events = self._events
        for piece in pieces:
            if events is None:
                if exchange.is_over:
                    return
                handler.on_body(piece, now)
                continue
            for event in events.feed(piece):
                if exchange.is_over:
                    return
                handler.on_event(event, now)
        if parser.is_complete:
            self._end(exchange, now)
        elif parser.error or (events is not None and events.error):
            exchange.fail(Failure(FailureKind.MALFORMED, parser.error or (events.error if events else "")), now)

    def eof_received(self) -> bool:
        """Returns False: the transport closes itself."""
        exchange, parser = self._exchange, self._parser
        if exchange is None or parser is None:
            return False
        now = time.monotonic()
        if self._is_stale(exchange) and not self._is_delivered():
            self._give_back(exchange)
            return False
        parser.feed_end()
        if parser.is_complete:
            self._end(exchange, now)
        else:
            exchange.fail(Failure(FailureKind.CLOSED, parser.error), now)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed. An exchange that is still here fails, or needs another connection."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            if self._is_stale(exchange):
                self._give_back(exchange)
            else:
                exchange.fail(_loss(error, has_head=self._has_head), time.monotonic())
        self._on_lost(self)

    def _end(self, exchange: Exchange, now: float) -> None:
        assert self._transport is not None and self._parser is not None
        self._exchange = None
        if self._transport.get_write_buffer_size():
            # The response came before the request was read. The peer may never read the rest, so a close would wait for ever.
            self._transport.abort()
        elif self._parser.is_reusable and not self._transport.is_closing():
            self._is_used = True
            self._on_idle(self)
        else:
            self._transport.close()
        exchange.end(now)

    def _is_stale(self, exchange: Exchange) -> bool:
        """Whether the peer may have closed the kept connection before the request reached it."""
        return self._is_used and not exchange.is_retried and self._parser is not None and not self._parser.has_bytes

    def _give_back(self, exchange: Exchange) -> None:
        self._exchange = None
        exchange.retry()
        self._on_stale(exchange)

    def _is_delivered(self) -> bool:
        """Whether the peer took the whole request and then closed. Its answer is missing then, and a retry would hide that."""
        # A peer that closed before answers the request with RST, or has not acknowledged it. The kernel knows both.
        assert self._transport is not None
        own = self._transport.get_extra_info("socket")
        if own is None or not hasattr(socket, "TCP_INFO"):
            return False
        with socket.socket(fileno=os.dup(own.fileno())) as copy:
            info = copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
        unacked = int.from_bytes(info[UNACKED_AT : UNACKED_AT + 4], sys.byteorder)
        return info[0] != TCP_CLOSE and unacked == 0


def _loss(error: Exception | None, *, has_head: bool) -> Failure:
    where = "inside the body" if has_head else "before the response"
    if isinstance(error, ssl.SSLError):
        return Failure(FailureKind.TLS, f"{where}: {error.reason}")
    if isinstance(error, OSError):
        return Failure(FailureKind.RESET, where)
    # Any other exception comes from a handler: the loop closes its connection.
    return Failure(FailureKind.CLOSED, f"{type(error).__name__}: {error}" if error else where)
