"""Streams are relayed chunk by chunk, a broken stream is visibly incomplete, and a disconnect frees the worker."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from orchestrator_stage import CHAT, DONE, STREAM, Stage, answer, hang, raw_chat, reset, stage, stream, until

ONE, TWO = b'data: {"n":1}\n\n', b'data: {"n":2}\n\n'


async def received(on: Stage, body: Any = STREAM, **options: Any) -> tuple[bytes, bool]:
    """The raw bytes of the answer's body, and whether the body was complete."""
    data = b""
    async with on.chat(body, **options) as response:
        try:
            async for chunk in response.content.iter_any():
                data += chunk
        except aiohttp.ClientPayloadError:
            return data, False
    return data, True


def error_of(data: bytes) -> dict[str, Any]:
    """The error in the last event."""
    assert data.endswith(b"\n\n")
    event = data.rstrip(b"\n").rpartition(b"\n\n")[2]
    error: dict[str, Any] = json.loads(event.removeprefix(b"data: "))["error"]
    return error


async def test_stream_complete() -> None:
    """A stream arrives complete and in order."""
    async with stage(stream(ONE, TWO, DONE)) as on:
        assert await received(on) == (ONE + TWO + DONE, True)


async def test_stream_not_buffered() -> None:
    """Each chunk is relayed before the next one exists."""
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


async def test_stream_headers() -> None:
    """A stream disables caches and proxy buffers."""
    async with stage(stream(ONE, DONE)) as on, on.chat(STREAM) as response:
        assert (response.headers["Cache-Control"], response.headers["X-Accel-Buffering"]) == ("no-cache", "no")


async def test_reset_before_first_byte() -> None:
    """A reset before the first byte is retried without a trace for the client."""
    async with stage(stream(then="reset"), stream(ONE, DONE)) as on:
        assert await received(on) == (ONE + DONE, True)


async def test_reset_in_mid_stream() -> None:
    """A reset in mid-stream gives an error event and an incomplete body."""
    async with stage(stream(ONE, TWO, then="reset"), answer) as on:
        data, is_complete = await received(on)
        assert data.startswith(ONE + TWO)
        assert (error_of(data)["type"], error_of(data)["code"]) == ("upstream_error", "upstream_disconnected")
        assert b"[DONE]" not in data
        assert not is_complete
        assert on.hits() == 1  # A started answer is never retried.
        await until(lambda: on.gateway.recorder.in_flight.total == 0)


@pytest.mark.parametrize("then", ["reset", "stall"])
async def test_break_after_done(then: str) -> None:
    """A worker that breaks off after the end marker leaves a complete stream, with a last event that is complete."""
    for end in (DONE, DONE.rstrip(b"\n")):
        async with stage(stream(ONE, end, then=then), idle_seconds=0.2) as on:
            data, is_complete = await received(on)
            assert data.rstrip(b"\n") + b"\n\n" == ONE + DONE
            assert data.endswith(b"\n\n")
            assert is_complete


async def test_error_event_after_partial_event() -> None:
    """An error event after a partial event starts on its own line."""
    async with stage(stream(ONE, b'data: {"n":', then="reset")) as on:
        data, is_complete = await received(on)
        assert data.startswith(ONE + b'data: {"n":\n\ndata: {"error"')
        assert error_of(data)["code"] == "upstream_disconnected"
        assert not is_complete


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
async def test_missing_done(path: str) -> None:
    """A stream that ends without the end marker gives an error event."""
    async with stage(stream(ONE)) as on:
        data, is_complete = await received(on, STREAM | {"prompt": "x"}, path=path)
        assert error_of(data)["code"] == "upstream_protocol_error"
        assert not is_complete


async def test_other_streams_without_done() -> None:
    """Streams of other paths may end without the end marker."""
    async with stage(stream(ONE)) as on:
        assert await received(on, path="/v1/something") == (ONE, True)


async def test_stalled_stream() -> None:
    """A stalled stream gives a timeout event."""
    async with stage(stream(ONE, then="stall"), idle_seconds=0.2) as on:
        data, is_complete = await received(on)
        assert error_of(data)["code"] == "upstream_timeout"
        assert not is_complete
        await until(lambda: on.workers["w1"].cancelled == 1)


async def test_long_stream() -> None:
    """A stream with steady chunks outlasts every time limit."""

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in [ONE] * 10 + [DONE]:
            await response.write(chunk)
            await asyncio.sleep(0.03)
        return response

    async with stage(slow, idle_seconds=0.25, first_byte_seconds=0.2, connect_seconds=0.05) as on:
        assert await received(on) == (ONE * 10 + DONE, True)


async def test_broken_unary_answer() -> None:
    """A broken non-streamed answer is cut without an error event."""

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"half":')
        await asyncio.sleep(0.01)
        return await reset(request)

    async with stage(half) as on:
        assert await received(on, CHAT) == (b'{"half":', False)


async def test_large_unary_answer() -> None:
    """A large non-streamed answer keeps its Content-Length."""

    async def large(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 3_000_000, content_type="application/json")

    async with stage(large) as on, on.chat() as response:
        assert response.headers["Content-Length"] == "3000000"
        assert await response.read() == b"x" * 3_000_000


async def test_compressed_answer() -> None:
    """A compressed answer is relayed unchanged."""

    async def compressed(_: web.Request) -> web.StreamResponse:
        response = web.json_response({"a": "b" * 1000})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with stage(compressed) as on, on.chat(headers={"Accept-Encoding": "gzip"}) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert await response.json() == {"a": "b" * 1000}


@pytest.mark.parametrize("behaviour", [hang, stream(ONE, then="stall")], ids=["before the first byte", "in mid-stream"])
async def test_disconnect_frees_worker(behaviour: Any) -> None:
    """A client disconnect cancels the worker's request immediately."""
    async with stage(behaviour) as on:
        asking = asyncio.create_task(received(on))
        await until(lambda: on.workers["w1"].requests and on.gateway.recorder.in_flight.at("w1"))
        asking.cancel()
        await until(lambda: on.workers["w1"].cancelled == 1, seconds=1.0)
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        assert on.gateway.recorder.in_flight.at("w1") == 0
        assert on.gateway.recorder.stats.report(0)["by_status"] == {"499": 1}


async def test_unread_disconnect_frees_worker() -> None:
    """A client that stops reading and disconnects frees the worker."""
    async with stage(stream(*[b"data: " + b"x" * 100_000 + b"\n\n"] * 400, then="stall")) as on:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(on.url.rpartition(":")[2]), limit=1024)
        writer.write(raw_chat(STREAM))
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        writer.transport.abort()
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        await until(lambda: on.workers["w1"].cancelled == 1)


async def test_done_inside_text() -> None:
    """An end marker inside a text does not end the stream."""
    async with stage(stream(b'data: {"text":"data: [DONE]"}\n\n')) as on:
        _, is_complete = await received(on)
        assert not is_complete
