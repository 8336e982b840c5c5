"""Connections of a service: broken HTTP, slow headers and bodies, too many connections."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import time
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from services import bodies, connections, service
from services.config import CommonSettings

LATE_SECONDS = 0.15
MAX_BYTES = 1000


async def _echo(request: web.Request) -> web.Response:
    body = await bodies.read(request, seconds=LATE_SECONDS, max_bytes=MAX_BYTES)
    return web.Response(body=body or b"nothing")


CUT: list[weakref.ref[object]] = []


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half of it")
    CUT.append(weakref.ref(request.protocol))
    connections.cut(request)
    return response


async def _break(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half of it")
    raise RuntimeError("in mid-answer")


@contextlib.asynccontextmanager
async def echo_server(most: int = 10) -> AsyncIterator[int]:
    """The port of a service that echoes bodies."""
    context = service.ServiceContext("echo", CommonSettings(name="echo", port=9, token=""))
    routes = web.RouteTableDef()
    routes.post("/v1/echo")(_echo)
    routes.get("/v1/broken")(_break)
    routes.get("/v1/cut")(_cut)
    app = service.application(context, None, routes, lambda path: True)  # type: ignore[arg-type]
    runner = connections.Runner(app, connections.Limits(LATE_SECONDS, most), access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def exchange(port: int, *pieces: bytes, pause: float = 0.0) -> tuple[int, dict[str, Any]]:
    """Send the pieces and read until the connection closes. Returns status and error of the last answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await asyncio.sleep(pause)
    async with asyncio.timeout(5):
        text = await reader.read()
    writer.close()
    head, _, body = text.rpartition(b"HTTP/1.")[2].partition(b"\r\n\r\n")
    assert b"x-request-id" in head.lower()
    return int(head.split()[1]), json.loads(body)["error"]


def post(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"POST /v1/echo HTTP/1.1", b"Host: x", *headers, b"", body])


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        post(b"", b"X-Secret: sk-1234\x00", b"Content-Length: 0"),
        post(b"", b"Content-Length: 0", *(b"X-%d: y" % number for number in range(200))),
        post(b"", b"X-Long: sk-1234" + b"y" * 9000),
        post(b"{}", b"Content-Length: 2", b"Content-Length: 3"),
        post(b"{}", b"Expect: a-miracle", b"Content-Length: 2", b"Connection: close"),
    ],
    ids=["no HTTP", "null byte", "too many headers", "long header", "two lengths", "expectation"],
)
async def test_malformed_http(text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Malformed HTTP gets an error object that does not quote the input."""
    caplog.set_level("INFO")
    async with echo_server() as port:
        status, error = await exchange(port, text)
    assert (status, error["type"], error["code"]) == (400, "invalid_request_error", "invalid_request")
    assert "sk-1234" not in str(error) + caplog.text + str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (post(b"zz\r\n", b"Transfer-Encoding: chunked"), "invalid_request"),
        (post(b"no gzip", b"Content-Encoding: gzip", b"Content-Length: 7"), "invalid_request"),
        (post(b"", b"Content-Length: 1001"), "request_too_large"),
        (post(b"{", b"Content-Length: 100"), "invalid_request"),
    ],
    ids=["broken chunk", "broken gzip", "too long", "broken off"],
)
async def test_bad_bodies(text: bytes, code: str) -> None:
    """A broken, incomplete or long body is rejected within its own time limit."""
    async with echo_server() as port:
        started = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert time.monotonic() - started < 4  # Its own limit is shorter than any other one.
        error = json.loads(await asyncio.wait_for(reader.readuntil(b"}}"), 5))["error"]
        writer.close()
    assert (head[9:10], error["code"]) == (b"4", code)


async def test_slow_headers() -> None:
    """Slow headers get 400 on the first and on every later request of a connection."""
    async with echo_server() as port:
        status, error = await exchange(port, post(b"")[:20])
        assert (status, error["code"]) == (400, "invalid_request")
        status, error = await exchange(port, post(b"{}", b"Content-Length: 2"), post(b"")[:20], pause=0.05)
        assert (status, "headers" in error["message"]) == (400, True)


async def test_silent_connection() -> None:
    """A connection without any byte is closed without an answer."""
    async with echo_server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_idle_keep_alive() -> None:
    """An idle kept-alive connection does not time out."""
    async with echo_server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(post(b"{}", b"Content-Length: 2"))
            assert (await asyncio.wait_for(reader.readuntil(b"{}"), 5)).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(2 * LATE_SECONDS)
        writer.close()


async def test_connection_limit() -> None:
    """A connection above the limit gets 503, and the others stay open."""
    async with echo_server(most=2) as port:
        old = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in old:
            writer.write(post(b"{}", b"Content-Length: 2"))
            await reader.readuntil(b"{}")
        for text in (post(b"{}", b"Content-Length: 2"), b""):  # One that sends a request, one that sends nothing.
            status, error = await exchange(port, text)
            assert (status, error["code"]) == (503, "no_available_workers")
        for _, writer in old:
            writer.close()
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(b"{}", b"Content-Length: 2"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_handler_error_cuts_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A handler error in mid-answer is logged and cuts the answer."""
    async with echo_server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/broken HTTP/1.1\r\nHost: x\r\n\r\n")
        text = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert text.endswith(b"half of it\r\n")  # A chunk without the last chunk.
    assert "in mid-answer" in caplog.text


async def test_cut_connection_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut connection delivers its written bytes, and nothing holds it afterwards."""
    monkeypatch.setattr(connections, "CUT_FLUSH_SECONDS", 3600.0)
    async with echo_server() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/cut HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(60):
            text = await reader.read()
            while CUT[-1]() is not None:
                await asyncio.sleep(0.01)
                gc.collect()
        writer.close()
    assert b"half of it" in text and b"\r\n0\r\n" not in text
