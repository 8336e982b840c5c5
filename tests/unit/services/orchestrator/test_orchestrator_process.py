"""The gateway as a process: bad settings, the drain after SIGTERM, and the cascade."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from held_ports import free_port
from orchestrator_stage import CHAT, KEY, TOKEN, Registry, answer, entry, serve

ROOT = Path(__file__).resolve().parents[4]
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
KEYS = f'[[api_keys]]\nname = "alice"\nsha256 = "{DIGEST}"\n'


async def start(config: Path, text: str) -> asyncio.subprocess.Process:
    config.write_text(text)
    command = [sys.executable, "-m", "services.orchestrator", "--config", str(config)]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)


@contextlib.asynccontextmanager
async def running(folder: Path, port: int, registry_url: str, extra: str = "") -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A ready gateway process and its URL."""
    head = f'name = "gate"\nport = {port}\ntoken = "{TOKEN}"\nregistry_url = "{registry_url}"\ndrain_seconds = 5\ndata_dir = "{folder}"\n'
    process = await start(folder / "gate.toml", head + extra + KEYS)
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as client:
            for _ in range(500):
                with contextlib.suppress(aiohttp.ClientError):
                    async with client.get(url + "/ready") as response:
                        if response.status == 200:
                            break
                await asyncio.sleep(0.02)
        yield process, url
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", "api_keys"),
        ('[[api_keys]]\nname = "x"\nsha256 = "sk-the-key-itself"\n', "api_keys[0].sha256 (x): expected 64 hex digits"),
        ('[jwt]\nsecret = "short-secret"\n', "jwt.secret: expected 32 characters"),
        (f'[jwt]\nsecret = "{"s" * 32}"\nalgorithm = "none"\n', "jwt.algorithm"),
        ("retries = 3\n" + KEYS, "unknown key"),
        ("suspicion_seconds = 3\n" + KEYS, "did you mean ejection_seconds?"),
    ],
)
async def test_bad_settings(tmp_path: Path, extra: str, expected: str) -> None:
    """Bad settings exit with 2 and a message without secrets."""
    head = f'name = "gate"\nport = 1\ntoken = "{TOKEN}"\nregistry_url = "http://127.0.0.1:1"\n'
    process = await start(tmp_path / "bad.toml", head + extra)
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert expected in errors.decode()
    assert not any(secret in errors.decode() for secret in (TOKEN, "sk-the-key-itself", "short-secret"))


async def test_sigterm_drains(tmp_path: Path) -> None:
    """After SIGTERM, streams complete, new requests get 503 and the port is freed."""
    finish = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: 1\n\n")
        await finish.wait()
        await response.write(b"data: [DONE]\n\n")
        return response

    worker, worker_url = await serve(slow)
    registry = Registry()
    registry.publish(entry("w1", worker_url))
    registry_runner, registry_url = await serve(registry.handle)
    port = free_port()
    async with running(tmp_path, port, registry_url) as (process, url), aiohttp.ClientSession() as client:
        asking: Any = {"json": CHAT, "headers": {"Authorization": f"Bearer {KEY}"}}
        async with client.post(url + "/v1/chat/completions", **asking) as stream:
            assert await stream.content.readany() == b"data: 1\n\n"
            process.send_signal(signal.SIGTERM)
            async for line in process.stdout:
                if b'"draining"' in line:
                    break
            async with client.post(url + "/v1/chat/completions", **asking) as refused:
                assert (refused.status, (await refused.json())["error"]["code"]) == (503, "draining")
            async with client.get(url + "/ready") as ready:
                assert ready.status == 503
            finish.set()
            assert (await stream.content.read()).endswith(b"data: [DONE]\n\n")
        output, _ = await asyncio.wait_for(process.communicate(), 5)
        assert process.returncode == 0
        lines = [json.loads(line) for line in output.splitlines()]
        assert [line["event"] for line in lines][-1] == "stopped"
        ended = next(line for line in lines if line["event"] == "request" and line["status"] == 200)
        assert (ended["subject"], ended["worker"], ended["attempts"], ended["outcome"]) == ("alice", "w1", 1, "ok")
        assert KEY not in output.decode() and TOKEN not in output.decode()
        again, _ = await serve(answer, port)
        await again.cleanup()
    await registry_runner.cleanup()
    await worker.cleanup()


async def test_cascade(tmp_path: Path) -> None:
    """With scope `cascade`, the gateway stops the hives and exits with 0."""
    stops: list[str | None] = []
    stopped = asyncio.Event()

    async def hive(request: web.Request) -> web.StreamResponse:
        if request.path == "/stop" and request.method == "POST":
            stops.append(request.headers.get("X-Cluster-Token"))
            stopped.set()
            return web.json_response({}, status=202)
        return await answer(request)

    hive_runner, hive_url = await serve(hive)
    registry = Registry()
    registry.publish(
        entry("h1", hive_url, kind="hive", models=()),
        entry("h2", f"http://127.0.0.1:{free_port()}", kind="hive", models=(), status="offline"),
        entry("w1", hive_url, hive="h1"),
    )
    registry_runner, registry_url = await serve(registry.handle)
    async with running(tmp_path, free_port(), registry_url, 'shutdown_scope = "cascade"\n') as (process, _):
        os.kill(process.pid, signal.SIGTERM)
        await asyncio.wait_for(stopped.wait(), 3)
        assert process.returncode is None  # The gateway waits until the port of the hive refuses.
        await hive_runner.cleanup()
        output, _ = await asyncio.wait_for(process.communicate(), 5)
        assert (process.returncode, stops) == (0, [TOKEN])
        assert b'"hive_stopped"' in output
    await registry_runner.cleanup()


async def test_default_scope(tmp_path: Path) -> None:
    """With the default scope, the gateway leaves the hives running."""
    calls: list[str] = []

    async def hive(request: web.Request) -> web.StreamResponse:
        calls.append(request.path)
        return await answer(request)

    hive_runner, hive_url = await serve(hive)
    registry = Registry()
    registry.publish(entry("h1", hive_url, kind="hive", models=()), entry("w1", hive_url, hive="h1"))
    registry_runner, registry_url = await serve(registry.handle)
    async with running(tmp_path, free_port(), registry_url) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
    assert calls == []
    await hive_runner.cleanup()
    await registry_runner.cleanup()
