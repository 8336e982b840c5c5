"""The control: a gateway with OpenAI's own error words. It shares no code and no wording with the reference, so it shows false verdicts.

`CONTROL_DEFECT` plants one of `DEFECTS`, and `CONTROL_WORDING` selects one of `WORDINGS`. `tests/targets/control.toml` is its target file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

DEFECTS = (
    *("no_failover", "clean_end", "keeps_upstream", "any_key", "any_worker"),
    *("keeps_dead", "buffers", "loses_last_token", "only_500", "cuts_at_stop"),
)
WORDINGS = ("other_codes", "other_ids", "other_headers")
DEFECT, WORDING = os.environ.get("CONTROL_DEFECT", ""), os.environ.get("CONTROL_WORDING", "")
FIRST_BYTE_SECONDS, DRAIN_SECONDS, OUT_SECONDS, ATTEMPTS = 3.0, 10.0, 2.0, 3
OF_CONNECTION = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-authorization", "content-length"}
OF_CLIENT = OF_CONNECTION | {"host", "authorization", "content-encoding", "expect"}
SORRY = "The server had an error while processing your request. Sorry about that!"
OVERLOADED = "The engine is currently overloaded, please try again later."
OF_GATEWAY = {"x-request-id", "x-worker-id", "x-attempts", "date", "server"}
END = b"data: [DONE]"


@dataclass(eq=False)
class Upstream:
    url: str
    models: list[str]
    out_until: float = 0.0

    def is_in(self) -> bool:
        return DEFECT == "keeps_dead" or time.monotonic() >= self.out_until


class Refusal(Exception):
    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None):
        self.status = 500 if DEFECT == "only_500" else status
        if WORDING == "other_codes":
            message, kind, code = f"Error: {message.lower()}", "server_error" if status >= 500 else "client_error", f"E{status}"
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


class Control:
    def __init__(self, config: str) -> None:
        lines = [line.split() for line in config.splitlines() if line.strip()]
        self.key = next(words[1] for words in lines if words[0] == "key")
        urls = dict.fromkeys(words[2] for words in lines if words[0] == "worker")
        self.upstreams = [Upstream(url, [words[1] for words in lines if words[-1] == url]) for url in urls]
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=1.0, sock_read=FIRST_BYTE_SECONDS)
        self.streams = 0
        self.session = aiohttp.ClientSession(auto_decompress=False, timeout=timeout, connector=aiohttp.TCPConnector(limit=0))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/healthz":
            return web.json_response({"upstreams": len(self.upstreams)})
        marks = self._marks(request)
        try:
            self._check_key(request)
            if request.method == "GET":
                return web.json_response(self._models(request.path), headers=marks)
            body = await request.read()
            return await self._forward(request, body, self._model(request, body), marks)
        except Refusal as refusal:
            marks |= {"Retry-After": "1"} if refusal.status in (429, 503) else {}
            return web.json_response(refusal.body, status=refusal.status, headers=marks)
        except web.HTTPRequestEntityTooLarge:
            return web.json_response(Refusal(413, "Maximum content size limit exceeded.").body, status=413, headers=marks)

    def _marks(self, request: web.Request) -> dict[str, str]:
        if WORDING == "other_ids":
            return {"x-correlation-id": uuid.uuid4().hex, "openai-version": "2020-10-01"}
        marks = {"x-request-id": f"req_{uuid.uuid4().hex}", "openai-version": "2020-10-01", "openai-processing-ms": "1"}
        return marks | {"Cache-Control": "private", "X-Powered-By": "control", "Vary": "Origin"} if WORDING == "other_headers" else marks

    def _check_key(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Refusal(401, "You didn't provide an API key. You need to provide it in an Authorization header using Bearer auth.")
        if key != self.key and DEFECT != "any_key":
            raise Refusal(401, f"Incorrect API key provided: {key[:3]}***{key[-4:]}.", code="invalid_api_key")

    def _models(self, path: str) -> dict[str, Any]:
        names = sorted({model for upstream in self.upstreams if upstream.is_in() for model in upstream.models})
        objects = {name: {"id": name, "object": "model", "created": 1686935002, "owned_by": "system"} for name in names}
        wanted = path.removeprefix("/v1/models").removeprefix("/")
        if not path.startswith("/v1/models"):
            raise Refusal(404, f"Invalid URL (GET {path})")
        if wanted and wanted not in objects:
            raise Refusal(404, f"The model '{wanted}' does not exist", param="model", code="model_not_found")
        return objects[wanted] if wanted else {"object": "list", "data": list(objects.values())}

    def _model(self, request: web.Request, body: bytes) -> str:
        try:
            asked = json.loads(body)
        except ValueError:
            asked = None
        if not isinstance(asked, dict):
            raise Refusal(400, "We could not parse the JSON body of your request.")
        if "model" not in asked:
            raise Refusal(400, "you must provide a model parameter")
        if not isinstance(asked["model"], str):
            raise Refusal(400, "Invalid type for 'model': expected a string.", param="model", code="invalid_type")
        if not any(asked["model"] in upstream.models for upstream in self.upstreams) and DEFECT != "any_worker":
            text = f"The model `{asked['model'][:99]}` does not exist or you do not have access to it."
            raise Refusal(404, text, code="model_not_found")
        temperature = asked.get("temperature")
        if isinstance(temperature, int | float) and temperature > 2:
            text = f"Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got {temperature} instead."
            raise Refusal(400, text, param="temperature", code="decimal_above_max_value")
        return str(asked["model"])

    async def _forward(self, request: web.Request, body: bytes, model: str, marks: dict[str, str]) -> web.StreamResponse:
        able = [one for one in self.upstreams if model in one.models] or self.upstreams  # others come here with a defect only
        left = [one for one in able if one.is_in()] or able  # all at once are rarely dead, so the gateway asks rather than refuses
        random.shuffle(left)
        left = left[: 1 if DEFECT == "no_failover" else ATTEMPTS]
        failure = Refusal(503, OVERLOADED, "server_error")
        for upstream in left:
            try:
                return await self._attempt(request, body, upstream, marks, is_last=upstream is left[-1])
            except aiohttp.ClientConnectorError:
                upstream.out_until = time.monotonic() + OUT_SECONDS
            except TimeoutError:
                upstream.out_until = time.monotonic() + OUT_SECONDS
                raise Refusal(504, "Request timed out.", "server_error", code="timeout") from None
            except aiohttp.ClientError:
                upstream.out_until = time.monotonic() + OUT_SECONDS
                failure = Refusal(502, SORRY, "server_error")
        raise failure

    async def _attempt(
        self, request: web.Request, body: bytes, upstream: Upstream, marks: dict[str, str], *, is_last: bool
    ) -> web.StreamResponse:
        headers = [(name.lower(), value) for name, value in request.headers.items() if name.lower() not in OF_CLIENT]
        url, skipped = URL(upstream.url + request.raw_path, encoded=True), ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
        async with self.session.request(request.method, url, data=body, headers=headers, skip_auto_headers=skipped) as answer:
            if answer.status >= 500 and not is_last:
                raise aiohttp.ClientPayloadError
            first = await answer.content.readany()
            response = web.StreamResponse(status=500 if DEFECT == "only_500" and answer.status >= 400 else answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in OF_CONNECTION | OF_GATEWAY:
                    response.headers.add(name, value)
            response.headers.update(marks)
            if answer.content_type != "text/event-stream":
                return web.Response(status=response.status, headers=response.headers, body=first + await answer.read())
            if WORDING == "other_headers":
                response.headers["Content-Type"] = "text/event-stream; charset=utf-8"
            await response.prepare(request)
            self.streams += 1
            await self._relay(
                answer, first, Client(response, request.transport, is_lossy=DEFECT == "loses_last_token" and self.streams % 2 == 0)
            )
            return response

    async def _relay(self, answer: aiohttp.ClientResponse, first: bytes, client: Client) -> None:
        tail, piece = b"", first
        try:
            while piece:
                tail = (tail + piece)[-99:]
                await client.send(piece)
                piece = await answer.content.readany()
        except (aiohttp.ClientError, TimeoutError):
            if client.has_left:
                raise
        if END not in tail and DEFECT == "clean_end":
            await client.send(b"\n\n" + END + b"\n\n")
        elif END not in tail and tail.endswith(b"\n\n"):
            event = Refusal(500, SORRY, "server_error").body
            await client.send(b"data: " + json.dumps(event).encode() + b"\n\n")
        elif END not in tail:
            client.cut()  # an error event after half an event would be part of it
        await client.end()


class Client:
    """The way to the client of one stream."""

    def __init__(self, response: web.StreamResponse, transport: asyncio.Transport | None, *, is_lossy: bool) -> None:
        self._response = response
        self._transport = transport
        self._is_lossy = is_lossy
        self._held = b""
        self.has_left = False

    async def send(self, piece: bytes) -> None:
        if self._is_lossy:
            piece = self._without_last_token(piece)
        if DEFECT == "buffers":
            self._held, piece = self._held + piece, b""
        await self._write(piece)

    def _without_last_token(self, piece: bytes) -> bytes:
        events = (self._held + piece).split(b"\n\n")
        if place := next((place for place, event in enumerate(events) if b'"finish_reason":"' in event), 0):
            del events[place - 1]
            self._held, self._is_lossy = b"", False
            return b"\n\n".join(events)
        self._held = b"\n\n".join(events[-2:])
        return b"".join(event + b"\n\n" for event in events[:-2])

    def cut(self) -> None:
        if self._transport:
            self._transport.abort()

    async def end(self) -> None:
        with contextlib.suppress(aiohttp.ClientError):
            await self._write(self._held)
            await self._response.write_eof()

    async def _write(self, piece: bytes) -> None:
        try:
            await self._response.write(piece)
        except aiohttp.ClientError:
            self.has_left = True
            if DEFECT != "keeps_upstream":
                raise


async def main(port: int, config: Path) -> None:
    """Serves until SIGTERM, then finishes what runs."""
    control = Control(config.read_text(encoding="utf-8"))
    app = web.Application(client_max_size=16 * 2**20)
    app.router.add_route("*", "/{path:.*}", control.handle)
    runner = web.AppRunner(app, handler_cancellation=DEFECT != "keeps_upstream", shutdown_timeout=DRAIN_SECONDS, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, (lambda: os._exit(0)) if DEFECT == "cuts_at_stop" else stop.set)
    await stop.wait()
    await runner.cleanup()
    await control.session.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
