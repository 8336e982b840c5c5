"""A real HTTP server that keeps the body of each request, and answers with a whole stream after some time. It can limit its connections."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from hivecheck.loop_thread import LoopThread


@dataclass
class RecordingServer:
    """`connection_limit` aborts each connection above it at once. `read_delay` seconds pass before a request is read. 0 is no limit."""

    loop: LoopThread
    answer_seconds: float = 0.0
    read_delay: float = 0.0
    connection_limit: int = 0
    status: str = "200 OK"
    bodies: list[dict[str, Any]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    open: int = 0
    most_open: int = 0
    running: int = 0
    most_running: int = 0
    url: str = ""

    def start(self) -> RecordingServer:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.url = self.loop.run(self._listen(), 5)
        return self

    async def _listen(self) -> str:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 26)
        self._server = server
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            if self.connection_limit and self.open > self.connection_limit:
                writer.transport.abort()
                return
            self.most_open = max(self.most_open, self.open)
            await self._answer_all(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(self.read_delay)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length:")[2].split("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            self.heads.append(head)
            self.bodies.append(body)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            await asyncio.sleep(self.answer_seconds)
            self.running -= 1
            writer.write(answer(self.status, int(body["max_tokens"]), len(json.dumps(body["messages"]).split())))
            await writer.drain()


def answer(status: str, tokens: int, prompt_tokens: int) -> bytes:
    """A whole response: a stream of numbered tokens, or an error."""
    if not status.startswith("200"):
        error = b'{"error": {"code": "refused", "message": "refused"}}'
        return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(error), error)
    events = [{"choices": [{"index": 0, "delta": {"content": f"t{number} "}, "finish_reason": None}]} for number in range(tokens)]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    events.append({"choices": [], "usage": {"completion_tokens": tokens, "prompt_tokens": prompt_tokens}})
    body = "".join(f"data: {text}\n\n" for text in [*map(json.dumps, events), "[DONE]"]).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
