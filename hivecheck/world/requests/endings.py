"""How the requests of one cycle of load end, by the words of Gherkin: complete, or because a client or a worker leaves."""

from __future__ import annotations

import contextlib
import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from hivecheck.clients.openai_api import PendingRequest
from hivecheck.clients.raw_http import RawClient
from hivecheck.errors import NotSupportedError
from hivecheck.history import CLIENT_LEFT
from hivecheck.stack.stack import Stack
from hivecheck.waiting import must_eventually
from hivecheck.wording import counted
from hivecheck.world.requests.chats import Chats
from hivecheck.world.requests.credentials import credential
from hivecheck.world.requests.direct import PADDING_BYTES, Direct
from hivecheck.world.requests.hostile import RequestHead
from hivecheck.world.requests.worker_behaviours import BEHAVIOURS

# Fewer than two workers have slots, so that no request waits for one and every group opens the same number of connections.
AT_ONCE = 8
STREAM_TOKENS = 16
RESET = BEHAVIOURS["a connection reset in mid-stream"]
# Its middle comes soon and lasts for ten seconds, so that every client leaves there.
LONG_STREAM = "itl=0.05;tokens=200"
# More than a socket's send buffer holds, so that the gateway waits for its reader: Linux takes 2.8 to 3.7 MiB on the loopback interface.
SLOWLY_READ_BYTES = 4 * 2**20
RECEIVE_BYTES, PIECE_BYTES = 16 * 1024, 8 * 1024
LEAVES_AFTER_BYTES = 64 * 1024
LARGE_BYTES = 2 * PADDING_BYTES
END_OF_BODY = b"0\r\n\r\n"


@dataclass
class SlowReader:
    """A client that takes its response a small piece at a time. It closes the connection after so many bytes, None for the end."""

    connection: socket.socket
    leaves_after: int | None
    received: int = 0
    tail: bytes = b""
    is_over: bool = False

    @property
    def is_as_meant(self) -> bool:
        """The whole response, or its part before the client left."""
        return self.tail == END_OF_BODY if self.leaves_after is None else self.received >= self.leaves_after

    def read(self) -> None:
        """One piece."""
        try:
            piece = self.connection.recv(PIECE_BYTES)
        except OSError:
            piece = b""
        self.received += len(piece)
        self.tail = (self.tail + piece)[-len(END_OF_BODY) :]
        self.is_over = not piece or self.is_as_meant
        if self.is_over:
            self.connection.close()


@dataclass
class Endings:
    """Each method sends `count` requests, a group at a time, and returns how many of them ended as they were meant to."""

    chats: Chats
    raw: RawClient
    direct: Direct
    stack: Stack

    def complete(self, model: str, count: int) -> int:
        """Chats and streams in turn, all answered."""
        return self._in_groups(count, lambda size: self._complete(model, size))

    def large(self, model: str, count: int) -> int:
        """Chats with a large request and a large response, all answered."""
        return sum(call.operation.is_answered for call in self.direct.ask_large(model, count))

    def left_at_headers(self, model: str, count: int) -> int:
        """Streams that their clients leave once the response headers have arrived."""
        return self._in_groups(count, lambda size: self._left(model, size, lambda call: call.operation.status is not None))

    def left_in_mid_stream(self, model: str, count: int) -> int:
        """Streams that their clients leave after the first tokens."""
        return self._in_groups(count, lambda size: self._left(model, size, lambda call: len(call.operation.tokens) > 1))

    def read_slowly(self, model: str, count: int) -> int:
        """Large streams that the gateway can only send as slowly as their clients read. Half of the clients leave before the end."""
        # Those first: they cut the connections that the pools kept, so the pools hold as many after each cycle.
        leaving = self._in_groups(count // 2, lambda size: self._read_slowly(model, size, LEAVES_AFTER_BYTES))
        return leaving + self._in_groups(count - count // 2, lambda size: self._read_slowly(model, size, None))

    def reset_in_mid_stream(self, model: str, count: int) -> int:
        """Streams that break off, because their worker resets the connection after the first tokens."""
        return self._in_groups(count, lambda size: self._broken(model, size))

    def forget_failures(self) -> None:
        """Close the gateway's circuits, where it has an API for that: the next group is meant for the same workers."""
        with contextlib.suppress(NotSupportedError):
            self.stack.orchestrator.forget_failures()

    def _in_groups(self, count: int, send: Callable[[int], int]) -> int:
        return sum(send(min(AT_ONCE, count - begun)) for begun in range(0, count, AT_ONCE))

    def _complete(self, model: str, count: int) -> int:
        calls = [self.chats.start(model, tokens=STREAM_TOKENS, stream=bool(number % 2)) for number in range(count)]
        self._await(calls, lambda call: call.is_done, "the end of every request")
        return sum(call.operation.is_answered for call in calls)

    def _left(self, model: str, count: int, is_time: Callable[[PendingRequest], bool]) -> int:
        calls = [self.chats.start(model, tokens=200, simulate=LONG_STREAM, stream=True) for _ in range(count)]
        self._await(calls, lambda call: call.is_done or is_time(call), "the begin of every stream")
        for call in calls:
            call.leave()
        self._await(calls, lambda call: call.is_done, "the clients disconnected")
        return sum(call.operation.error == CLIENT_LEFT and call.operation.status == 200 for call in calls)

    def _broken(self, model: str, count: int) -> int:
        calls = [self.chats.start(model, tokens=STREAM_TOKENS, simulate=RESET, stream=True) for _ in range(count)]
        self._await(calls, lambda call: call.is_done, "the end of every stream")
        self.forget_failures()
        return sum(bool(call.operation.tokens) and not call.operation.is_answered for call in calls)

    def _read_slowly(self, model: str, count: int, leaves_after: int | None) -> int:
        key = credential("a valid key", self.chats.secrets) or ""
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2, "stream": True}
        with contextlib.ExitStack() as until_the_end:
            readers = []
            for _ in range(count):
                head = RequestHead(f"slow-{uuid.uuid4().hex[:12]}", key)
                simulate = f"X-Simulate: fault=oversized_chunk:{SLOWLY_READ_BYTES // 1024}"
                connection = until_the_end.enter_context(self.raw.begin(head.post(json.dumps(body).encode(), simulate), RECEIVE_BYTES))
                readers.append(SlowReader(connection, leaves_after))
            # In turn, so that each reader is as slow as all of them together.
            while reading := [reader for reader in readers if not reader.is_over]:
                for reader in reading:
                    reader.read()
        return sum(reader.is_as_meant for reader in readers)

    def _await(self, calls: list[PendingRequest], has: Callable[[PendingRequest], bool], what: str) -> None:
        what = f"{what} ({counted(len(calls), 'request')})"
        must_eventually(lambda: all(map(has, calls)), within=self.chats.timeouts.idle_chat, what=what, every=0.002)
