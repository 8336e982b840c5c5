"""The deadline for the headers of a request, on real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from services.connections import Limits, Runner

HEADER_SECONDS = 0.1
PATIENCE_SECONDS = 10.0
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
TRUNCATED = b"GET / HTTP/1.1\r\nHost"


@asynccontextmanager
async def connection(started: asyncio.Event, end: asyncio.Event) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a service. Its handler reads the body, and then waits for `end`."""

    async def handle(request: web.Request) -> web.Response:
        started.set()
        await request.read()
        await end.wait()
        return web.Response(text="whole")

    app = web.Application()
    app.router.add_route("*", "/", handle)
    runner = Runner(app, Limits(HEADER_SECONDS, 10))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        try:
            yield reader, writer
        finally:
            writer.close()
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("handler_seconds", [0.0, 3 * HEADER_SECONDS])
async def test_headers_that_begin_before_the_response(handler_seconds: float) -> None:
    """Headers that begin while the last request is handled have a deadline too."""
    started, end = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(PATIENCE_SECONDS), connection(started, end) as (reader, writer):
        writer.write(POST + b"body")
        await started.wait()
        writer.write(TRUNCATED)
        await asyncio.sleep(handler_seconds)
        end.set()
        answers = await reader.read()
    assert answers.index(b"whole") < answers.index(b"The headers were incomplete")


async def test_late_body_is_no_header() -> None:
    """A body that comes in pieces leaves no deadline behind, so the idle connection stays open for the next request."""
    started, end = asyncio.Event(), asyncio.Event()
    end.set()
    async with asyncio.timeout(PATIENCE_SECONDS), connection(started, end) as (reader, writer):
        writer.write(POST)
        await started.wait()
        for piece in (b"bo", b"dy"):
            writer.write(piece)
            await writer.drain()
        await reader.readuntil(b"whole")
        await asyncio.sleep(3 * HEADER_SECONDS)
        writer.write(POST + b"body")
        assert (await reader.readuntil(b"whole")).startswith(b"HTTP/1.1 200")
