"""A gateway of plain OpenAI habits that breaks in one way on request. It shares no code with the reference."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

FAULTS = (
    *("none", "refuses_key", "wrong_prefix", "html", "missing_model", "no_stream", "own_request_ids", "drops_headers", "no_worker"),
    *("exits_after_preflight", "exits_at_request", "ignores_sigterm", "starts_without_workers", "exclusive_port"),
)
PREFLIGHT_REQUESTS = 2  # of a topology with one model: a chat and a stream
HOP_BY_HOP = ("host", "content-length", "transfer-encoding", "connection")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def error(status: int, message: str, code: str) -> web.Response:
    kind = "invalid_request_error"
    return web.json_response({"error": {"message": message, "type": kind, "param": None, "code": code}}, status=status)


class Gateway:
    """Chats go to the workers of their model in turn."""

    def __init__(self, fault: str, key: str, workers: dict[str, list[str]]) -> None:
        self._fault = fault
        self._key = "another key" if fault == "refuses_key" else key
        self._workers = workers
        self._turns = itertools.count()
        self._served = 0

    def app(self) -> web.Application:
        made = web.Application()
        prefix = "/api" if self._fault == "wrong_prefix" else ""
        made.router.add_get("/ready", self.ready)
        made.router.add_get(f"{prefix}/v1/models", self.models)
        made.router.add_post(f"{prefix}/v1/chat/completions", self.chat)
        return made

    async def ready(self, request: web.Request) -> web.Response:
        return web.json_response({"models": len(self._workers)})

    async def models(self, request: web.Request) -> web.Response:
        entries = [{"id": model, "object": "model", "created": 0, "owned_by": "test"} for model in sorted(self._workers)]
        return web.json_response({"object": "list", "data": entries})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        if self._fault == "html":
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if request.headers.get("Authorization") != f"Bearer {self._key}":
            return error(401, f"Incorrect API key provided: {request.headers.get('Authorization')}", "invalid_api_key")
        if self._fault == "exits_at_request" and self._served >= PREFLIGHT_REQUESTS:
            sys.stderr.write("the licence has expired\n")
            os._exit(7)
        asked = await request.json()
        urls = self._workers.get(asked.get("model"), [])
        if not urls:
            return error(404, f"The model `{asked.get('model')}` does not exist", "model_not_found")
        if self._fault == "no_worker":
            return error(502, "no worker answers", "bad_gateway")
        if self._fault == "no_stream" and asked.get("stream"):
            return error(400, "streams are off", "unsupported_value")
        return await self._relay(request, urls[next(self._turns) % len(urls)])

    async def _relay(self, request: web.Request, url: str) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        if self._fault == "own_request_ids":
            headers["X-Request-Id"] = "gateway-1"
        if self._fault == "drops_headers":
            headers = {name: request.headers[name] for name in ("Content-Type", "X-Request-Id")}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url + request.path, data=await request.read(), headers=headers) as upstream,
        ):
            response = web.StreamResponse(status=upstream.status, headers={"Content-Type": upstream.headers["Content-Type"]})
            await response.prepare(request)
            async for chunk in upstream.content.iter_any():
                await response.write(chunk)
            self._served += 1
            await response.write_eof()
            # Before the next wait, so that no further request gets an answer.
            if self._fault == "exits_after_preflight" and self._served >= PREFLIGHT_REQUESTS:
                sys.stderr.write("the licence has expired\n")
                os._exit(7)
        return response


async def must_reach(workers: dict[str, list[str]]) -> None:
    """End the program if a worker does not listen yet, as gateways with a static list of workers do."""
    async with aiohttp.ClientSession() as session:
        for url in {url for urls in workers.values() for url in urls}:
            try:
                async with session.get(f"{url}/health"):
                    pass
            except aiohttp.ClientError as failure:
                sys.exit(f"worker {url} is not reachable at the start: {failure}")


async def main() -> None:
    """Serve until SIGTERM. The file of workers has a line `model url` for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--fault", choices=FAULTS, default="none")
    chosen = parser.parse_args()
    workers: dict[str, list[str]] = defaultdict(list)
    with open(chosen.workers, encoding="utf-8") as file:
        for line in filter(str.strip, file):
            model, url = line.split()
            workers[model].append(url)
    if chosen.fault == "missing_model":
        del workers[max(workers)]
    await must_reach(workers)
    stop = asyncio.Event()
    ended = (lambda: None) if chosen.fault == "ignores_sigterm" else stop.set
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended)
    runner = web.AppRunner(Gateway(chosen.fault, chosen.key, workers).app())
    await runner.setup()
    # Without SO_REUSEADDR a socket that is merely bound keeps the port from this gateway.
    await web.TCPSite(runner, "127.0.0.1", chosen.port, reuse_address=chosen.fault != "exclusive_port").start()
    sys.stderr.write("faulty gateway listens\n")
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
