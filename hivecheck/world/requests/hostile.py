"""Hostile and broken clients. Each attack is a row, by the words of Gherkin."""

from __future__ import annotations

import contextlib
import functools
import gzip
import itertools
import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks.answers.refusal import FIELDS
from hivecheck.clients.raw_http import RawClient, RawRequest
from hivecheck.errors import InconclusiveError, UsageError
from hivecheck.history import History
from hivecheck.platforms.platform import Node
from hivecheck.stack.stack import Stack
from hivecheck.wording import listed
from hivecheck.world.requests.credentials import credential

MEGABYTE = 2**20
CHAT = "/v1/chat/completions"
GOOD: dict[str, Any] = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
DRIP_SECONDS = 0.02
# Four times the 16 MiB limit of the services. A gateway that reads on beyond its limit shows in its peak memory.
MOST_SENT = 64 * MEGABYTE
# Ends its own log line, begins a forged one, turns a terminal red and reverses the text that follows.
LOG_BREAKER = 'x"}\r\n{"event": "forged", "level": "info"}\u2028\u202e\x1b[31m\x00'
FLOOD = 300


@dataclass(frozen=True)
class RequestHead:
    """Id and credential of a hostile client. The key is valid, because the gateway rejects a wrong one before it reads the body."""

    request_id: str
    key: str

    def post(self, body: bytes = b"", *headers: str, path: str = CHAT, length: str | None = None, more: bytes = b"") -> bytes:
        """A request. `length` replaces the true one, empty for none. `more` are raw header lines."""
        own = [f"POST {path} HTTP/1.1", "Host: gateway", f"Authorization: Bearer {self.key}", f"X-Request-Id: {self.request_id}"]
        size = str(len(body)) if length is None else length
        lines = [*own, "Content-Type: application/json", *([f"Content-Length: {size}"] if size else []), *headers]
        return "\r\n".join(lines).encode() + b"\r\n" + more + b"\r\n" + body

    def get(self, path: str) -> bytes:
        return self.post(path=path).replace(b"POST", b"GET", 1)

    def chat(self, **changes: Any) -> bytes:
        return self.post(json.dumps(GOOD | changes).encode())


@functools.cache
def _bomb() -> bytes:
    # Twice the limit after decompression, and 143 KiB on the wire. A check of Content-Length alone accepts it.
    return gzip.compress(b" " * 32 * MEGABYTE, 1)


def _chunks() -> Iterator[bytes]:
    piece = b"x" * 65536
    # Valid JSON as far as it goes, so a parser has no reason to stop before the size limit.
    yield b"10\r\n" + b'{"model": "xxxxx' + b"\r\n"
    for _ in range(MOST_SENT // len(piece)):
        yield f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def _drops(text: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: itertools.repeat(text, int(60 / DRIP_SECONDS))


Attack = Callable[[RequestHead], RawRequest]
ATTACKS: dict[str, Attack] = {
    "a body with a declared length of 17 MiB": lambda by: RawRequest(by.post(length=str(17 * MEGABYTE))),
    "an endless chunked body": lambda by: RawRequest(by.post(b"", "Transfer-Encoding: chunked", length=""), _chunks),
    "a truncated body": lambda by: RawRequest(by.post(b'{"model": ', length="1000")),
    "a slow body of single bytes": lambda by: RawRequest(by.post(b"{", length="100000"), _drops(b" "), DRIP_SECONDS),
    "a broken chunk": lambda by: RawRequest(by.post(b"zz\r\nhello\r\n", "Transfer-Encoding: chunked", length="")),
    "a gzip bomb of 32 MiB": lambda by: RawRequest(by.post(_bomb(), "Content-Encoding: gzip")),
    "a body that is not gzip as declared": lambda by: RawRequest(by.post(b"{}{}", "Content-Encoding: gzip")),
    "a body with 100000 nested lists": lambda by: RawRequest(by.post(b'{"model": "model-a", "x": ' + b"[" * 100_000)),
    "a body of invalid UTF-8": lambda by: RawRequest(by.post(json.dumps(GOOD).encode().replace(b"hello", b"\xff\xfe\xc0"))),
    "a lone surrogate": lambda by: RawRequest(by.post(json.dumps(GOOD | {"model": "X"}).encode().replace(b"X", rb"\ud800"))),
    "a model name of 1 MiB": lambda by: RawRequest(by.chat(model="m" * MEGABYTE)),
    "a log injection in the model name": lambda by: RawRequest(by.chat(model=LOG_BREAKER)),
    "a log injection in the request id": lambda by: RawRequest(by.post(b"{}", more=b"X-Request-Id: \xff\x80\xe2\x80\xa8\r\n")),
    "10000 headers": lambda by: RawRequest(by.post(b"", more=b"".join(b"X-%d: y\r\n" % number for number in range(10_000)))),
    "a header of 1 MiB": lambda by: RawRequest(by.post(b"", more=b"X-Long: " + b"y" * MEGABYTE + b"\r\n")),
    "a header with a null byte": lambda by: RawRequest(by.post(b"", more=b"X-Null: a\x00b\r\n")),
    "truncated headers": lambda by: RawRequest(by.post(b"")[:60]),
    "slow headers of single bytes": lambda by: RawRequest(by.post(b"")[:60], _drops(b"y"), DRIP_SECONDS),
    "two content lengths": lambda by: RawRequest(by.post(b"{}", "Content-Length: 7")),
    "a content length with chunks": lambda by: RawRequest(by.post(b"0\r\n\r\n", "Transfer-Encoding: chunked")),
    "a path of 1 MiB": lambda by: RawRequest(by.post(b"{}", path="/v1/" + "y" * MEGABYTE)),
    "a log injection in the path": lambda by: RawRequest(by.post(b"{}", path="/v1/x%22,%22event%22:%22forged%22,%22x%22:%22%e2%80%a8%0d")),
    "a line break in the path": lambda by: RawRequest(by.post(b"{}", path="/v1/x%0d%0a%7b%22event%22:%22forged%22%7d%0a")),
    "a path traversal": lambda by: RawRequest(by.post(json.dumps(GOOD).encode(), path="/v1/%2e%2e/stop")),
    "an unknown expectation": lambda by: RawRequest(by.post(b"{}", "Expect: the-unexpected")),
    "an unknown route": lambda by: RawRequest(by.get("/v1/nothing")),
    "a method that the route lacks": lambda by: RawRequest(by.post(b"", path="/models")),
    "a request to an operator page": lambda by: RawRequest(by.get("/stats")),
    "bytes that are not HTTP": lambda by: RawRequest(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + by.key.encode() + b"\r\n\r\n"),
}


EVERY, MODELS, CONNECTIONS = "all attacks at once", "a flood of unknown models", "more idle connections than the gateway accepts"
SCENES = (*ATTACKS, EVERY, MODELS, CONNECTIONS)
TIMES = 3


@dataclass
class Hostile:
    """`memory_bytes` is the gateway's memory before the attacks."""

    client: RawClient
    stack: Stack
    history: History
    memory_bytes: int | None = None
    _occupied: list[Any] = field(default_factory=list)

    def attack(self, words: str) -> None:
        """One of `SCENES`. A single kind is sent a few times at once. Raises UsageError for unknown words."""
        scenes: dict[str, Callable[[], None]] = {EVERY: self._send_everything, MODELS: self._flood, CONNECTIONS: self._occupy}
        if words not in SCENES:
            raise UsageError(f"There is no attack {words!r}. Known: {', '.join(SCENES)}.")
        scenes.get(words, lambda: self._send([words] * TIMES))()

    def must_reject_new_connection(self, within: float) -> None:
        """A chat over a connection of its own gets 503, Retry-After and an error object."""
        by = self._heads(1)[0]
        reply = self.client.send(by.request_id, "a new connection", RawRequest(by.chat()))
        error = reply.error_object()
        actual = (reply.status, error.get("code"), reply.header("Retry-After"), reply.header("Connection"))
        expected = (503, "no_available_workers", "1", "close")
        # The gateway has not read the headers, so it draws an id of its own.
        lacking = [*sorted(FIELDS - set(error)), *([] if reply.header("X-Request-Id") else ["X-Request-Id"])]
        assert actual == expected and not lacking and reply.seconds <= within, (
            f"expected: {listed(expected)} within {within:g} s, with an OpenAI error and a request id\n"
            f"actual: {listed(actual)}, lacking: {listed(lacking) or 'nothing'}: {reply.sentence()}"
        )

    def leave(self) -> None:
        """Closes the idle connections."""
        for connection in self._occupied:
            with contextlib.suppress(OSError):
                connection.close()
        self._occupied.clear()

    def note_memory(self) -> None:
        """Keeps the gateway's memory for a later comparison."""
        self.memory_bytes = self._gateway().memory().resident_bytes

    def must_not_fill_memory(self, most_megabytes: int) -> None:
        """The peak of the gateway's memory exceeds the noted one by at most so much."""
        if self.memory_bytes is None:
            raise InconclusiveError("expected: a noted memory of the gateway\nactual: none; note it in an earlier step")
        # The peak, because the gateway may have freed the memory before this look.
        grown = (self._gateway().memory().peak_bytes - self.memory_bytes) / MEGABYTE
        assert grown <= most_megabytes, f"expected: at most {most_megabytes} MB more at the gateway\nactual: {grown:.0f} MB more"

    def _send(self, kinds: list[str]) -> None:
        pairs = list(zip(kinds, self._heads(len(kinds)), strict=True))
        with ThreadPoolExecutor(len(pairs)) as pool:
            # Every second one comes second on its connection: a limit may hold for the first request of a connection only.
            for _ in pool.map(self._send_one, pairs, itertools.cycle((False, True))):
                pass

    def _send_one(self, pair: tuple[str, RequestHead], is_second: bool) -> None:
        words, by = pair
        self.client.send(by.request_id, words, ATTACKS[words](by), is_second=is_second)

    def _send_everything(self) -> None:
        self._send(list(ATTACKS))

    def _flood(self) -> None:
        """Hundreds of model names, no two alike."""
        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(lambda by: self.client.send(by.request_id, "an unknown model", _unknown(by)), self._heads(FLOOD)):
                pass

    def _occupy(self) -> None:
        """Idle keep-alive connections, more than the gateway's limit, until the scenario ends."""
        most = next(node.settings["max_connections"] for node in self.stack.topology.of("orchestrator"))
        self._occupied += self.client.occupy(most)

    def _heads(self, count: int) -> list[RequestHead]:
        key = credential("a valid key", self.stack.secrets) or ""
        return [RequestHead(f"ill-{uuid.uuid4().hex[:12]}", key) for _ in range(count)]

    def _gateway(self) -> Node:
        return next(node for node in self.stack.nodes.values() if node.service == "orchestrator")


def _unknown(by: RequestHead) -> RawRequest:
    return RawRequest(by.chat(model=f"model-{by.request_id}"))
