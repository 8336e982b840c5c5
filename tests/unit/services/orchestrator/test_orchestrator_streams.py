"""Streams pass through chunk by chunk; a broken one never looks whole; a client that leaves frees the worker at once."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from orchestrator_stage import CHAT, KEY, Stage, answer, hang, reset, stage, stream, until

STREAM = CHAT | {"stream": True}
ONE, TWO, DONE = b'data: {"n":1}\n\n', b'data: {"n":2}\n\n', b"data: [DONE]\n\n"


async def received(on: Stage, body: Any = STREAM, **options: Any) -> tuple[bytes, bool]:
    """The raw bytes of the answer's body, and whether it came to a clean end."""
    got = b""
    async with on.chat(body, **options) as response:
        try:
            async for chunk in response.content.iter_any():
                got += chunk
        except aiohttp.ClientPayloadError:
            return got, False
    return got, True


def error_of(got: bytes) -> dict[str, Any]:
    """The error in the last event."""
    assert got.endswith(b"\n\n")
    event = got.rstrip(b"\n").rpartition(b"\n\n")[2]
    error: dict[str, Any] = json.loads(event.removeprefix(b"data: "))["error"]
    return error


async def test_a_stream_arrives_whole_and_in_order() -> None:
    async with stage(stream(ONE, TWO, DONE)) as on:
        assert await received(on) == (ONE + TWO + DONE, True)


async def test_each_chunk_is_passed_on_before_the_next_one_exists() -> None:
    step = asyncio.Event()

    async def two_steps(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in (ONE, TWO, DONE):
            await response.write(chunk)
            await step.wait()
            step.clear()
        return response

    async with stage(two_steps) as on, on.chat(STREAM) as response:
        for chunk in (ONE, TWO, DONE):
            assert await response.content.readany() == chunk
            step.set()


async def test_a_stream_tells_caches_and_buffers_to_keep_off() -> None:
    async with stage(stream(ONE, DONE)) as on, on.chat(STREAM) as response:
        assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == ("no-cache", "no")


async def test_a_worker_that_dies_before_the_first_byte_is_replaced_unseen() -> None:
    async with stage(stream(then="reset"), stream(ONE, DONE)) as on:
        assert await received(on) == (ONE + DONE, True)


async def test_a_worker_that_dies_in_mid_stream_ends_in_an_error_event_and_a_cut_body() -> None:
    async with stage(stream(ONE, TWO, then="reset"), answer) as on:
        got, is_clean = await received(on)
        assert got.startswith(ONE + TWO)
        assert (error_of(got)["type"], error_of(got)["code"]) == ("upstream_error", "upstream_disconnected")
        assert b"[DONE]" not in got
        assert not is_clean
        assert on.hits() == 1  # never sent again behind the client's back
        await until(lambda: on.gateway.recorder.in_flight.total == 0)


async def test_an_error_event_after_half_an_event_starts_on_a_line_of_its_own() -> None:
    async with stage(stream(ONE, b'data: {"n":', then="reset")) as on:
        got, is_clean = await received(on)
        assert got.startswith(ONE + b'data: {"n":\n\ndata: {"error"')
        assert error_of(got)["code"] == "upstream_disconnected"
        assert not is_clean


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
async def test_a_clean_end_without_done_is_not_passed_off_as_whole(path: str) -> None:
    async with stage(stream(ONE)) as on:
        got, is_clean = await received(on, STREAM | {"prompt": "x"}, path=path)
        assert error_of(got)["code"] == "upstream_protocol_error"
        assert not is_clean


async def test_streams_of_other_paths_may_end_as_they_like() -> None:
    async with stage(stream(ONE)) as on:
        assert await received(on, path="/v1/something") == (ONE, True)


async def test_a_stalled_stream_ends_with_a_timeout_event() -> None:
    async with stage(stream(ONE, then="stall"), idle_seconds=0.2) as on:
        got, is_clean = await received(on)
        assert error_of(got)["code"] == "upstream_timeout"
        assert not is_clean
        await until(lambda: on.workers["w1"].cancelled == 1)


async def test_a_stream_that_stays_lively_outlasts_every_limit() -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in [ONE] * 10 + [DONE]:
            await response.write(chunk)
            await asyncio.sleep(0.03)
        return response

    async with stage(slow, idle_seconds=0.25, first_byte_seconds=0.2, connect_seconds=0.05) as on:
        assert await received(on) == (ONE * 10 + DONE, True)


async def test_a_broken_unary_answer_is_cut_without_an_error_event() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"half":')
        await asyncio.sleep(0.01)
        return await reset(request)

    async with stage(half) as on:
        assert await received(on, CHAT) == (b'{"half":', False)


async def test_a_large_unary_answer_keeps_its_length() -> None:
    async def large(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 3_000_000, content_type="application/json")

    async with stage(large) as on, on.chat() as response:
        assert response.headers["Content-Length"] == "3000000"
        assert await response.read() == b"x" * 3_000_000


async def test_a_compressed_answer_passes_untouched() -> None:
    async def compressed(_: web.Request) -> web.StreamResponse:
        response = web.json_response({"a": "b" * 1000})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with stage(compressed) as on, on.chat(headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert await response.json() == {"a": "b" * 1000}


@pytest.mark.parametrize("behaviour", [hang, stream(ONE, then="stall")], ids=["before the first byte", "in mid-stream"])
async def test_a_client_that_leaves_frees_the_worker_at_once(behaviour: Any) -> None:
    async with stage(behaviour) as on:
        asking = asyncio.create_task(received(on))
        await until(lambda: on.workers["w1"].requests and on.gateway.recorder.in_flight.at("w1"))
        asking.cancel()
        await until(lambda: on.workers["w1"].cancelled == 1, seconds=1.0)
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        assert on.gateway.recorder.in_flight.at("w1") == 0
        assert on.gateway.recorder.stats.report(0)["by_status"] == {"499": 1}


async def test_a_client_that_stops_reading_and_leaves_frees_the_worker() -> None:
    async with stage(stream(*[b"data: " + b"x" * 100_000 + b"\n\n"] * 400, then="stall")) as on:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(on.url.rpartition(":")[2]), limit=1024)
        body = json.dumps(STREAM).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.transport.abort()
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        await until(lambda: on.workers["w1"].cancelled == 1)


async def test_a_stream_mark_inside_a_text_is_not_the_end_of_the_stream() -> None:
    async with stage(stream(b'data: {"text":"data: [DONE]"}\n\n')) as on:
        _, is_clean = await received(on)
        assert not is_clean
