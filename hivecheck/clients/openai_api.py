"""A client of the gateway's OpenAI API: keeps what it saw of every request, each token with its arrival time. Judges nothing."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from hivecheck.history import CLIENT_LEFT, History, Operation, Token
from hivecheck.loop_thread import LoopThread


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

    @property
    def is_stream(self) -> bool:
        return bool(self.body.get("stream"))


class PendingRequest:
    """One request under way. Its operation grows as the answer comes in, and is recorded in history when it ends."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._future: concurrent.futures.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self.cancelled = False

    @property
    def operation(self) -> Operation:
        """The operation as observed so far."""
        return self._operation

    @property
    def is_done(self) -> bool:
        return self._future is not None and self._future.done()

    def update(self, **changes: Any) -> None:
        self._operation = replace(self._operation, **changes)

    def add_token(self, text: str) -> None:
        self.update(tokens=(*self._operation.tokens, Token(time.monotonic(), text)))

    def bind(self, future: concurrent.futures.Future[None]) -> None:
        self._future = future

    def begin(self) -> None:
        """The request is about to be sent: called in its own task."""
        self._task = asyncio.current_task()
        # `leave` may come before the task exists.
        if self.cancelled and self._task:
            self._task.cancel()

    def leave(self) -> None:
        """The client goes away: the connection is cut. The call is done once that is recorded, a moment later."""
        self.cancelled = True
        if self._task:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel)


class OpenAIClient:
    """Sends requests to one base URL over the loop thread's pooled connections."""

    def __init__(self, url: str, loop: LoopThread, history: History, timeout_seconds: float) -> None:
        self.url = url
        self._loop = loop
        self._history = history
        self._timeout_seconds = timeout_seconds
        self._session = loop.run(_open_session(), 10)

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
        call = PendingRequest(operation)
        call.bind(self._loop.start(self._carry_out(call, request, sent)))
        return call

    def get(self, path: str, key: str | None) -> tuple[int, Any]:
        """A GET's status and JSON body."""

        async def fetch() -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
            async with self._session.get(self.url + path, headers=headers) as response:
                # aiohttp refuses JSON of another content type, and the harness must see a wrong one.
                return response.status, await response.json(content_type=None)

        return self._loop.run(fetch(), self._timeout_seconds)

    def close(self) -> None:
        self._loop.run(self._session.close(), 10)

    async def _carry_out(self, call: PendingRequest, request: Request, headers: Mapping[str, str]) -> None:
        call.begin()
        payload = request.raw_body if request.raw_body is not None else json.dumps(request.body).encode()
        try:
            async with asyncio.timeout(self._timeout_seconds):
                # Again, because a busy loop starts the task late, and the client's own delay is no latency.
                call.update(started_at=time.monotonic())
                async with self._session.post((request.base_url or self.url) + request.path, data=payload, headers=headers) as response:
                    call.update(status=response.status, headers=dict(response.headers), headers_at=time.monotonic())
                    if response.content_type == "text/event-stream":
                        await _read_stream(response, call)
                    else:
                        _read_whole(await response.read(), call)
        except TimeoutError:
            call.update(error=f"no end within {self._timeout_seconds:g} s")
        except aiohttp.ClientError as error:
            call.update(error=f"{type(error).__name__}: {error}")
        except asyncio.CancelledError:
            call.update(error=CLIENT_LEFT)
        finally:
            call.update(ended_at=time.monotonic())
            self._history.record(call.operation)


async def _open_session() -> aiohttp.ClientSession:
    # aiohttp's default of 100 connections would queue requests in the client, and the gateway would look slow.
    connector = aiohttp.TCPConnector(limit=0)
    # aiohttp's default total of 300 s would cut a long stream. `_carry_out` has a limit of its own.
    return aiohttp.ClientSession(connector=connector, trust_env=False, timeout=aiohttp.ClientTimeout(total=None))


def _read_whole(payload: bytes, call: PendingRequest) -> None:
    try:
        body = json.loads(payload)
    except ValueError:
        call.update(raw=payload.decode(errors="replace"))
        return
    call.update(body=body, usage=body.get("usage") if isinstance(body, dict) else None)


async def _read_stream(response: aiohttp.ClientResponse, call: PendingRequest) -> None:
    """Server-sent events, each handled the moment its closing blank line is there."""
    buffer = b""
    async for piece in response.content.iter_any():
        buffer = (buffer + piece).replace(b"\r\n", b"\n")  # both line ends are legal, and both are in use
        *events, buffer = buffer.split(b"\n\n")
        for event in events:
            for line in event.split(b"\n"):
                if line.startswith(b"data:"):
                    _take(line[5:].strip(), call)


def _take(data: bytes, call: PendingRequest) -> None:
    if data == b"[DONE]":
        call.update(saw_done=True)
        return
    try:
        chunk = json.loads(data)
    except ValueError:
        chunk = None
    if not isinstance(chunk, dict):
        call.update(stream_error={"code": "unparsable_chunk", "message": data.decode(errors="replace")})
        return
    if "error" in chunk:
        error = chunk["error"]
        call.update(stream_error=error if isinstance(error, dict) else {"code": None, "message": str(error)})
    for choice in chunk.get("choices") or []:
        text = choice.get("text") or (choice.get("delta") or {}).get("content")
        if text:
            call.add_token(text)
        if choice.get("finish_reason"):
            call.update(finish_reason=choice["finish_reason"])
    is_extra = bool(chunk.get("usage")) and not chunk.get("choices")
    call.update(usage_chunks=call.operation.usage_chunks + is_extra)
    if not call.operation.saw_done:
        call.update(before_done="usage" if is_extra else "answer")
    if chunk.get("usage"):
        call.update(usage=chunk["usage"])
