"""One request and its answer: the handler that receives it, how it can fail, and the client's hold on it."""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from typing import NamedTuple, Protocol

from hivecheck.protocol.http1 import ResponseHead

LEFT = "the client left"


class FailureKind(StrEnum):
    """What ended an exchange before its response was whole. The first five happen before a byte of the request is sent."""

    UNRESOLVED = "host name not resolved"
    UNREACHABLE = "host not reachable"
    REFUSED = "connection refused"
    EXHAUSTED = "no socket left"  # at the client, which says nothing about the server
    TLS = "TLS failed"
    RESET = "connection reset"
    CLOSED = "connection closed"  # by the peer, before the end of the response
    MALFORMED = "malformed response"
    DEADLINE = "no end"
    LEFT = "left"  # by the client itself


class Failure(NamedTuple):
    """A kind and its circumstances, such as "connection closed: closed inside a chunked body"."""

    kind: FailureKind
    detail: str = ""

    @property
    def sentence(self) -> str:
        """For a person."""
        if self.kind in (FailureKind.DEADLINE, FailureKind.LEFT):
            return self.detail
        return f"{self.kind}: {self.detail}" if self.detail else str(self.kind)


class Handler(Protocol):
    """Receives one exchange. `now` is monotonic seconds. Exactly one of `on_end` and `on_failure` comes, and nothing after it.

    A body of type text/event-stream comes as the data of its events, any other as pieces.
    """

    def on_connect(self) -> None:
        """The exchange has to open a connection."""

    def on_head(self, head: ResponseHead, now: float) -> None:
        """The head of the final response is whole."""

    def on_event(self, data: bytes, now: float) -> None:
        """An event of the stream is whole."""

    def on_body(self, piece: bytes, now: float) -> None:
        """A piece of a body that is no event stream."""

    def on_end(self, now: float) -> None:
        """The response is whole."""

    def on_failure(self, failure: Failure, now: float) -> None:
        """The exchange ended without a whole response."""


class Carrier(Protocol):
    """What an exchange runs on: a connection."""

    def cut(self) -> None:
        """Close the socket at once. No exchange hears of it."""


class Exchange:
    """One request under way. `abort` ends it at any moment: before the connection, at the head, in mid-stream."""

    __slots__ = ("_connecting", "_connection", "_deadline", "handler", "is_head_request", "is_over", "is_raw", "is_retried", "request")

    def __init__(self, request: bytes, handler: Handler, *, is_raw: bool) -> None:
        self.request = request
        self.handler = handler
        self.is_raw = is_raw  # an event stream comes as pieces of a body too
        self.is_over = False
        self.is_retried = False
        self.is_head_request = request.startswith(b"HEAD ")
        self._connection: Carrier | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def abort(self, cause: str = LEFT) -> None:
        """Cut the connection. The handler receives a failure of kind LEFT with this cause, at once."""
        self.fail(Failure(FailureKind.LEFT, cause), time.monotonic())

    def fail(self, failure: Failure, now: float) -> None:
        """End without a whole response. Nothing happens if the exchange is over."""
        if self._is_ended():
            self.handler.on_failure(failure, now)

    def end(self, now: float) -> None:
        """End with a whole response."""
        # Its connection may already belong to another exchange.
        self._connection = None
        if self._is_ended():
            self.handler.on_end(now)

    def limit(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Fail after so many seconds."""
        self._deadline = loop.call_later(seconds, self._expire, seconds)

    def connect_with(self, task: asyncio.Task[None]) -> None:
        """`task` opens the connection: the end of the exchange cancels it."""
        self._connecting = task

    def take(self, connection: Carrier) -> None:
        """The exchange runs on this connection from now on."""
        self._connection, self._connecting = connection, None

    def retry(self) -> None:
        """Its kept connection was stale, and it waits for another one."""
        self.is_retried, self._connection = True, None

    def _expire(self, seconds: float) -> None:
        self.fail(Failure(FailureKind.DEADLINE, f"no end within {seconds:g} s"), time.monotonic())

    def _is_ended(self) -> bool:
        """Whether this call ended it. Frees what it holds."""
        if self.is_over:
            return False
        self.is_over = True
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.cut()
        return True
