"""A real HTTP server that answers every request by a script, byte by byte."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import CIMultiDictProxy

from hivecheck.loop_thread import LoopThread

EVENT_STREAM = "text/event-stream"


@dataclass
class ScriptedGateway:
    """`pieces` are written one after the other; then the body ends, is cut, or (`hangs`) goes on for ever."""

    loop: LoopThread
    pieces: Sequence[bytes] = ()
    status: int = 200
    content_type: str = EVENT_STREAM
    is_cut: bool = False
    hangs: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    received: list[tuple[str, CIMultiDictProxy[str], bytes]] = field(default_factory=list)
    url: str = ""

    def start(self) -> ScriptedGateway:
        self.url = self.loop.run(self._listen(), 5)
        return self

    def close(self) -> None:
        self.loop.run(self._runner.cleanup(), 5)

    async def _listen(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.received.append((request.path, request.headers, await request.read()))
        response = web.StreamResponse(status=self.status, headers={"Content-Type": self.content_type, "X-Worker-Id": "worker-1"})
        for name, value in self.headers:
            response.headers.add(name, value)
        await response.prepare(request)
        for piece in self.pieces:
            await response.write(piece)
            await asyncio.sleep(0)  # so that each piece is a packet of its own
        if self.hangs:
            await asyncio.Event().wait()
        if self.is_cut and request.transport:
            request.transport.abort()
        return response


def event(text: str) -> bytes:
    return b"data: " + text.encode() + b"\n\n"


def token(text: str, **more: Any) -> bytes:
    """One chunk of a chat stream."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None} | more
    return event(json.dumps({"object": "chat.completion.chunk", "choices": [choice]}))


DONE = event("[DONE]")
STOP = event('{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}')
