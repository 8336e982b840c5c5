"""A gateway between small real servers: a registry with a given snapshot, and workers with a given behaviour."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from services import connections, service, wire
from services.orchestrator.api import openai_routes
from services.orchestrator.api.routes import routes
from services.orchestrator.gateway import Gateway, build
from services.orchestrator.lifecycle import OrchestratorHooks
from services.orchestrator.settings import ApiKey, Settings

TOKEN, KEY, NARROW_KEY = "cluster-token", "sk-everything", "sk-only-model-b"
CHAT = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}
STREAM = CHAT | {"stream": True}
DONE = b"data: [DONE]\n\n"
ANSWER = {"object": "chat.completion", "model": "model-a", "choices": []}

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def until(condition: Callable[[], Any], seconds: float = 3.0) -> None:
    """Wait until `condition()` is true; fails with its last value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not true within {seconds} s, last {value!r}"
        await asyncio.sleep(0.002)


def entry(identifier: str, url: str = "http://127.0.0.1:1", **changes: Any) -> wire.ServiceEntry:
    """A routable worker of model-a, with `changes`."""
    now = time.time()
    plain = wire.ServiceEntry(
        id=identifier,
        kind="worker",
        url=url,
        epoch=1,
        hive=None,
        models=("model-a",),
        state="ready",
        health="healthy",
        metrics={},
        status="online",
        registered_at=now,
        last_heartbeat_at=now,
        heartbeat_age_seconds=0.0,
    )
    return msgspec.structs.replace(plain, **changes)


def raw_chat(body: Any = CHAT, path: str = "/v1/chat/completions") -> bytes:
    """The bytes of a chat request, for tests that write to a socket."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


async def answer(request: web.Request) -> web.StreamResponse:
    return web.json_response(ANSWER, headers={"X-Backend": "1"})


def refuse(status: int, body: bytes | None = None, **headers: str) -> Behaviour:
    """Answers with an error of OpenAI's shape, or with `body`."""
    error = json.dumps({"error": {"message": f"worker says {status}", "type": "t", "param": None, "code": "c"}}).encode()

    async def behaviour(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=error if body is None else body, status=status, headers=named, content_type="application/json")

    return behaviour


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("never reached")


def stream(*chunks: bytes, then: str = "end", **headers: str) -> Behaviour:
    """Sends `chunks` as server-sent events, then ends, resets the connection or stalls."""

    async def behaviour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"} | headers)
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
            await asyncio.sleep(0)
        if then == "reset":
            await asyncio.sleep(0.01)  # The reset must not overtake the chunks.
            return await reset(request)
        if then == "stall":
            return await hang(request)
        return response

    return behaviour


@dataclass
class Worker:
    """A real server that answers every path by its behaviour and records its requests."""

    id: str
    behaviour: Behaviour = answer
    requests: list[tuple[web.Request, bytes]] = field(default_factory=list)
    cancelled: int = 0
    url: str = ""
    runner: web.AppRunner | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request, await request.read()))
        try:
            return await self.behaviour(request)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


class Registry:
    """A registry with one snapshot. Long polls wait for a change."""

    def __init__(self) -> None:
        self.snapshot = wire.ServiceList(instance="one", revision=1, services=())
        self.changed = asyncio.Event()
        self.tokens: set[str | None] = set()
        self.polls = 0
        self.is_hasty = False

    def publish(self, *entries: wire.ServiceEntry, instance: str | None = None, revision: int | None = None) -> None:
        before = self.snapshot
        self.snapshot = wire.ServiceList(instance=instance or before.instance, revision=revision or before.revision + 1, services=entries)
        self.changed.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.polls += 1
        self.tokens.add(request.headers.get(wire.CLUSTER_TOKEN))
        if not self.is_hasty and (request.query.get("since"), request.query.get("instance")) == (
            str(self.snapshot.revision),
            self.snapshot.instance,
        ):
            self.changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed.wait(), float(request.query["wait"]))
        return service.json_response(self.snapshot)


@dataclass
class Stage:
    """The gateway, its registry and its workers."""

    gateway: Gateway
    registry: Registry
    registry_runner: web.AppRunner
    hooks: OrchestratorHooks
    client: aiohttp.ClientSession
    workers: dict[str, Worker]
    url: str

    def chat(self, body: Any = CHAT, key: str = KEY, path: str = "/v1/chat/completions", **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}"} | options.pop("headers", {})
        return self.client.post(self.url + path, json=body, headers=headers, **options)

    def get(self, path: str, **headers: str) -> Any:
        headers = {name.replace("_", "-"): value for name, value in headers.items()} or {wire.CLUSTER_TOKEN: TOKEN}
        return self.client.get(self.url + path, headers=headers)

    def hits(self) -> int:
        return sum(len(worker.requests) for worker in self.workers.values())

    async def announce(self, *entries: wire.ServiceEntry, **options: Any) -> None:
        """Change the registry snapshot and wait until the gateway uses it."""
        self.registry.publish(*entries, **options)
        snapshot = self.registry.snapshot
        view = self.gateway.cluster
        await until(lambda: (view.view.instance, view.view.revision) == (snapshot.instance, snapshot.revision))


async def serve(handler: Behaviour, port: int = 0) -> tuple[web.AppRunner, str]:
    """A server on a free port that gives every request to `handler`."""
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handler)
    return await serve_app(app, port)


async def serve_app(app: web.Application, port: int = 0) -> tuple[web.AppRunner, str]:
    limits = connections.Limits(header_seconds=30.0, max_connections=10_000)
    runner = connections.Runner(app, limits, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


def settings(registry_url: str = "http://127.0.0.1:1", **changes: Any) -> Settings:
    keys = (
        ApiKey(name="alice", sha256=hashlib.sha256(KEY.encode()).hexdigest(), tenant="acme"),
        ApiKey(name="bob", sha256=hashlib.sha256(NARROW_KEY.encode()).hexdigest(), models=("model-b",)),
    )
    plain = {"name": "gate", "port": 9, "token": TOKEN, "registry_url": registry_url, "api_keys": keys, "retry_base_seconds": 0.001}
    return Settings(**(plain | changes))


@contextlib.asynccontextmanager
async def stage(*behaviours: Behaviour, **changes: Any) -> AsyncIterator[Stage]:
    """A gateway over one worker w1, w2... per behaviour, all of model-a and routable."""
    async with contextlib.AsyncExitStack() as stack:
        workers = {f"w{number}": Worker(f"w{number}", behaviour) for number, behaviour in enumerate(behaviours, 1)}
        for worker in workers.values():
            worker.runner, worker.url = await serve(worker.handle)
            stack.push_async_callback(worker.runner.cleanup)
        registry = Registry()
        registry.publish(*(entry(worker.id, worker.url) for worker in workers.values()))
        registry_runner, registry_url = await serve(registry.handle)
        stack.push_async_callback(registry_runner.cleanup)
        data_dir = stack.enter_context(tempfile.TemporaryDirectory())
        gateway = build(settings(registry_url, **({"data_dir": data_dir} | changes)))
        stack.callback(gateway.recorder.ledger.close)
        hooks = OrchestratorHooks(gateway)
        app = service.application(gateway.service, hooks, routes(gateway), openai_routes.is_client_path)
        runner, url = await serve_app(app)
        stack.push_async_callback(runner.cleanup)
        await hooks.start()
        stack.push_async_callback(hooks.drain)
        client = await stack.enter_async_context(aiohttp.ClientSession())
        await until(lambda: gateway.cluster.is_connected)
        yield Stage(gateway, registry, registry_runner, hooks, client, workers, url)
