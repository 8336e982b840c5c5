"""A client of the gateway's OpenAI API: keeps what it saw of every request, each token with its arrival time. Judges nothing."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import gzip
import json
import time
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from hivecheck.errors import ClientError
from hivecheck.history import CLIENT_LEFT, History, Operation, Token
from hivecheck.loop_thread import LoopThread
from hivecheck.protocol.answer import DONE
from hivecheck.protocol.exchange import Exchange, Failure
from hivecheck.protocol.http1 import RequestHead, ResponseHead
from hivecheck.protocol.origin import origin_of
from hivecheck.protocol.pool import Pool

GZIP = "gzip"
# All that may stand in a request target. The rest, such as a space in a model's name, is percent-encoded.
TARGET_CHARACTERS = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True)
class Request:
    """What a client is to send. `key` becomes the bearer; None sends no Authorization at all.

    `base_url` and the cluster's `token` are for a request that goes past the gateway.
    """

    path: str = "/v1/chat/completions"
    model: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    purpose: str = "chat"
    raw_body: bytes | None = None
    base_url: str | None = None
    token: str | None = None
    intended_at: float | None = None  # monotonic seconds; None for a request without a schedule
    timeout_seconds: float | None = None  # None: that of the client

    @property
    def is_stream(self) -> bool:
        return bool(self.body.get("stream"))


class PendingRequest:
    """One request under way. Its operation grows as the answer comes in, and is recorded in history when it ends.

    It is the handler of its exchange: the methods `on_...` run on the loop's thread.
    """

    def __init__(self, operation: Operation, loop: LoopThread, history: History, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self._begun = operation
        self._loop = loop
        self._history = history
        self._changes: dict[str, Any] = {}
        self._tokens: list[Token] = []
        self._body: list[bytes] = []
        self._coding = ""
        self._ended: Operation | None = None
        self._exchange: Exchange | None = None
        self._has_left = False
        self.is_done = False

    @property
    def operation(self) -> Operation:
        """The operation as observed so far."""
        return self._ended or replace(self._begun, **dict(self._changes), tokens=tuple(self._tokens))

    def leave(self) -> None:
        """The client goes away: the connection is cut. The call is done once that is recorded, a moment later."""
        self._has_left = True
        self._loop.call(self._abort)

    def send(self, pool: Pool, url: str, request: Request, headers: Mapping[str, str]) -> None:
        """Runs on the loop's thread."""
        if self._has_left:
            self._end(time.monotonic(), CLIENT_LEFT)
            return
        payload = request.raw_body if request.raw_body is not None else json.dumps(request.body).encode()
        origin, prefix = origin_of(url)
        head = RequestHead("POST", quote(prefix + request.path, safe=TARGET_CHARACTERS), origin.host_header, headers)
        # Again, because a busy loop sends late, and the client's own delay is no latency.
        self._changes["started_at"] = time.monotonic()
        self._exchange = pool.send(origin, head.bytes(payload), self, self.timeout_seconds)

    def on_connect(self) -> None:
        """A new connection is no part of an operation."""

    def on_head(self, head: ResponseHead, now: float) -> None:
        self._changes |= {"status": head.status, "headers": head.headers, "headers_at": now}
        self._coding = head.get("content-encoding")

    def on_event(self, data: bytes, now: float) -> None:
        """One chunk of a stream."""
        data = data.strip()
        if data == DONE:
            self._changes["saw_done"] = True
            return
        try:
            chunk = json.loads(data)
        except ValueError:
            chunk = None
        choices = (chunk.get("choices") or []) if isinstance(chunk, dict) else None
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            self._changes["stream_error"] = {"code": "unparsable_chunk", "message": data.decode(errors="replace")}
            return
        if "error" in chunk:
            error = chunk["error"]
            self._changes["stream_error"] = error if isinstance(error, dict) else {"code": None, "message": str(error)}
        for choice in choices:
            text = choice.get("text") or (choice.get("delta") or {}).get("content")
            if text:
                self._tokens.append(Token(now, text))
            if choice.get("finish_reason"):
                self._changes["finish_reason"] = choice["finish_reason"]
        self._take_usage(chunk.get("usage"), is_alone=not choices)

    def on_body(self, piece: bytes, now: float) -> None:
        self._body.append(piece)

    def on_end(self, now: float) -> None:
        """The body is whole: JSON, or text."""
        error = None
        if self._body:
            payload = b"".join(self._body)
            if self._coding == GZIP:
                payload, error = _unpacked(payload)
            try:
                body = json.loads(payload)
            except ValueError:
                self._changes["raw"] = payload.decode(errors="replace")
            else:
                self._changes |= {"body": body, "usage": body.get("usage") if isinstance(body, dict) else None}
        self._end(now, error)

    def on_failure(self, failure: Failure, now: float) -> None:
        self._end(now, failure.sentence)

    def _take_usage(self, usage: Any, *, is_alone: bool) -> None:
        is_extra = bool(usage) and is_alone
        if is_extra:
            self._changes["usage_chunks"] = self._changes.get("usage_chunks", 0) + 1
        if "saw_done" not in self._changes:
            self._changes["before_done"] = "usage" if is_extra else "answer"
        if usage:
            self._changes["usage"] = usage

    def _abort(self) -> None:
        if self._exchange is not None:
            self._exchange.abort(CLIENT_LEFT)

    def _end(self, now: float, error: str | None = None) -> None:
        self._changes |= {"ended_at": now, "error": error}
        self._ended = self.operation
        self._history.record(self._ended)
        self.is_done = True


class OpenAIClient:
    """Sends requests to one base URL over the connections of a pool in the loop thread."""

    def __init__(self, url: str, loop: LoopThread, history: History, timeout_seconds: float) -> None:
        self.url = url
        self._loop = loop
        self._history = history
        self._timeout_seconds = timeout_seconds
        self._pool = loop.run(_open_pool(), 10)

    def start(self, request: Request) -> PendingRequest:
        """Begin a request and return at once."""
        identifier = request.headers.get("X-Request-Id") or f"hc-{uuid.uuid4().hex[:12]}"
        sent = {"X-Request-Id": identifier, "Content-Type": "application/json"} | dict(request.headers)
        operation = Operation(
            id=identifier,
            path=request.path,
            model=request.model,
            is_stream=request.is_stream,
            started_at=time.monotonic(),
            intended_at=request.intended_at,
            request=dict(request.body),
            sent_headers=dict(sent),  # before the key is added: it must not reach history
            purpose=request.purpose,
        )
        if request.key is not None:
            sent["Authorization"] = f"Bearer {request.key}"
        if request.token is not None:
            sent["X-Cluster-Token"] = request.token
        within = self._timeout_seconds if request.timeout_seconds is None else request.timeout_seconds
        call = PendingRequest(operation, self._loop, self._history, within)
        self._loop.call(call.send, self._pool, request.base_url or self.url, request, sent)
        return call

    def get(self, path: str, key: str | None) -> tuple[int, Any]:
        """A GET's status and JSON body. Raises ClientError without a whole response of JSON."""
        origin, prefix = origin_of(self.url)
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        head = RequestHead("GET", quote(prefix + path, safe=TARGET_CHARACTERS), origin.host_header, headers)
        fetch = _Fetch()
        # Raw, because a gateway can name a wrong content type, and the harness must see its body.
        send = functools.partial(self._pool.send, is_raw=True)
        self._loop.call(send, origin, head.bytes(), fetch, self._timeout_seconds)
        status, payload = fetch.result.result()
        if isinstance(payload, Failure):
            raise ClientError(f"GET {self.url}{path}: expected a response, got {payload.sentence}")
        try:
            return status, json.loads(payload)
        except ValueError:
            raise ClientError(f"GET {self.url}{path}: expected JSON, got {status} {payload[:200]!r}") from None

    def close(self) -> None:
        """Abort what runs and close all connections."""
        self._loop.run(self._pool.close(), 10)


class _Fetch:
    """Receives one unary response for a caller on another thread. Its deadline bounds the wait."""

    def __init__(self) -> None:
        self.result: concurrent.futures.Future[tuple[int, bytes | Failure]] = concurrent.futures.Future()
        self._status = 0
        self._body: list[bytes] = []

    def on_connect(self) -> None:
        """Nothing to note."""

    def on_head(self, head: ResponseHead, now: float) -> None:
        self._status = head.status

    def on_event(self, data: bytes, now: float) -> None:
        """Never called: the exchange is raw."""

    def on_body(self, piece: bytes, now: float) -> None:
        self._body.append(piece)

    def on_end(self, now: float) -> None:
        self.result.set_result((self._status, b"".join(self._body)))

    def on_failure(self, failure: Failure, now: float) -> None:
        self.result.set_result((self._status, failure))


def _unpacked(payload: bytes) -> tuple[bytes, str | None]:
    """A body without its gzip. With a text, it is another body as it came, of which no HTTP library makes an answer."""
    try:
        return gzip.decompress(payload), None
    except (OSError, EOFError, zlib.error) as error:
        return payload, f"the body is not in the coding of its header: {error}"


async def _open_pool() -> Pool:
    return Pool(asyncio.get_running_loop())
