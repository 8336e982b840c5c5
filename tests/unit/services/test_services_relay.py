"""Kept-alive connections: an unresponsive node loses its idle ones, and other nodes keep theirs. A failed exchange leaves no garbage."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, make_mocked_request
from multidict import CIMultiDict
from yarl import URL

from services import relay
from services.relay import Timeouts, UpstreamError

KEPT = 3


def node() -> TestServer:
    """Answers with the client's port once all `KEPT` requests have arrived, and hangs on /hang."""
    arrived = asyncio.Barrier(KEPT)

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/hang":
            await asyncio.sleep(60)
        async with asyncio.timeout(5), arrived:
            pass
        assert request.transport is not None
        return web.Response(text=str(request.transport.get_extra_info("peername")[1]))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return TestServer(app)


def test_unresponsive_node_loses_idle_connections() -> None:
    """Only the idle connections to an unresponsive node are closed."""
    asyncio.run(_ask_one_that_hangs())


async def _ask_one_that_hangs() -> None:
    async with node() as cut_off, node() as well, relay.open_session() as session:

        async def ask(server: TestServer, path: str = "/") -> str:
            patient = Timeouts(5.0, 0.1 if path == "/hang" else 5.0, 5.0)
            return (await relay.exchange(session, "GET", URL(str(server.make_url(path))), {}, b"", patient)).first_chunk.decode()

        async def ports(server: TestServer) -> set[str]:
            return set(await asyncio.gather(*(ask(server) for _ in range(KEPT))))

        before = await ports(cut_off), await ports(well)
        assert (await ports(cut_off), await ports(well)) == before, "the session reuses the connections"
        with pytest.raises(UpstreamError, match="timeout"):
            await ask(cut_off, "/hang")
        after = await ports(cut_off), await ports(well)
        assert (after[0] & before[0], after[1]) == (set(), before[1])


def test_repeated_header_is_relayed() -> None:
    """A header that comes twice reaches the upstream twice, also in two spellings."""
    asyncio.run(_relay_repeated_header())


async def _relay_repeated_header() -> None:
    received: list[list[str]] = []

    async def note(request: web.Request) -> web.Response:
        received.append(request.headers.getall("X-Twice"))
        return web.Response(text="x")

    async def pass_on(request: web.Request) -> web.Response:
        headers = relay.request_headers(request, {})
        exchange = await relay.exchange(session, "GET", URL(str(last.make_url("/"))), headers, b"", Timeouts(5.0, 5.0, 5.0))
        return web.Response(body=exchange.first_chunk)

    app, between = web.Application(), web.Application()
    app.router.add_get("/", note)
    between.router.add_get("/", pass_on)
    async with TestServer(app) as last, TestServer(between) as first, relay.open_session() as session:
        reader, writer = await asyncio.open_connection(first.host, first.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Twice: a\r\nx-twice: b\r\nConnection: close\r\n\r\n")
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
    assert received == [["a", "b"]]


def test_failed_exchange_is_no_cyclic_garbage() -> None:
    """A response that broke off is freed at once, without the garbage collector."""
    gc.disable()
    try:
        assert asyncio.run(_ask_one_that_breaks()) is None
    finally:
        gc.enable()


async def _ask_one_that_breaks() -> object:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half of it")
        assert request.transport is not None
        request.transport.close()
        return response

    app = web.Application()
    app.router.add_get("/", half)
    async with TestServer(app) as server, relay.open_session() as session:
        exchange = await relay.exchange(session, "GET", URL(str(server.make_url("/"))), {}, b"", Timeouts(5.0, 5.0, 5.0))
        response = weakref.ref(exchange.response)
        with pytest.raises(UpstreamError, match="disconnect"):
            await _read_all(exchange)
        exchange.close()
        del exchange
        return response()


async def _read_all(exchange: relay.Exchange) -> None:
    async for _ in exchange.chunks():
        pass


def test_repeated_header_keeps_one_spelling() -> None:
    """A header that is repeated in another spelling keeps all values, under the first spelling."""
    # aiohttp's client replaces the values of a name that comes in a second spelling.
    sent = CIMultiDict([("X-One", "1"), ("x-one", "2"), ("Connection", "close"), ("X-Two", "3")])
    relayed = relay.request_headers(make_mocked_request("GET", "/", headers=sent), {})
    assert [(str(name), value) for name, value in relayed.items()] == [("X-One", "1"), ("X-One", "2"), ("X-Two", "3")]
