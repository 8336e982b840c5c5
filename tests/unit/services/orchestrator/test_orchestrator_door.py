"""The door of a service: broken HTTP, slow headers and bodies, too many connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
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


async def _break(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half of it")
    raise RuntimeError("in mid-answer")


@contextlib.asynccontextmanager
async def door(most: int = 10) -> AsyncIterator[int]:
    """The port of a service that echoes bodies."""
    frame = service.ServiceContext("echo", CommonSettings(name="echo", port=9, token=""))
    routes = web.RouteTableDef()
    routes.post("/v1/echo")(_echo)
    routes.get("/v1/broken")(_break)
    app = service.application(frame, None, routes, lambda path: True)  # type: ignore[arg-type]
    runner = connections.Runner(app, connections.Limits(LATE_SECONDS, most), access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def say(port: int, *pieces: bytes, pause: float = 0.0) -> tuple[int, dict[str, Any]]:
    """Send the pieces and read to the end of the connection; status and error object of the last answer."""
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
async def test_what_is_no_request_gets_an_error_object_that_does_not_quote_it(text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with door() as port:
        status, error = await say(port, text)
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
async def test_a_broken_late_or_long_body_is_refused_in_time(text: bytes, code: str) -> None:
    async with door() as port:
        started = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert time.monotonic() - started < 4  # by its own limit, long before any other
        error = json.loads(await asyncio.wait_for(reader.readuntil(b"}}"), 5))["error"]
        writer.close()
    assert (head[9:10], error["code"]) == (b"4", code)


async def test_headers_that_do_not_end_are_given_up_on_every_request_of_a_connection() -> None:
    async with door() as port:
        status, error = await say(port, post(b"")[:20])
        assert (status, error["code"]) == (400, "invalid_request")
        status, error = await say(port, post(b"{}", b"Content-Length: 2"), post(b"")[:20], pause=0.05)
        assert (status, "headers" in error["message"]) == (400, True)


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with door() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_an_idle_kept_alive_connection_and_a_slow_handler_are_not_late() -> None:
    async with door() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(post(b"{}", b"Content-Length: 2"))
            assert (await asyncio.wait_for(reader.readuntil(b"{}"), 5)).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(2 * LATE_SECONDS)
        writer.close()


async def test_beyond_the_cap_a_newcomer_is_told_to_come_back_and_the_others_stay() -> None:
    async with door(most=2) as port:
        old = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in old:
            writer.write(post(b"{}", b"Content-Length: 2"))
            await reader.readuntil(b"{}")
        for text in (post(b"{}", b"Content-Length: 2"), b""):  # one that speaks, one that waits
            status, error = await say(port, text)
            assert (status, error["code"]) == (503, "no_available_workers")
        for _, writer in old:
            writer.close()
        await asyncio.sleep(0.05)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post(b"{}", b"Content-Length: 2"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_handler_that_fails_in_mid_answer_is_logged_and_its_answer_cut(caplog: pytest.LogCaptureFixture) -> None:
    async with door() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /v1/broken HTTP/1.1\r\nHost: x\r\n\r\n")
        text = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert text.endswith(b"half of it\r\n")  # a chunk, and no last one
    assert "in mid-answer" in caplog.text
