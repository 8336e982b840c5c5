"""The guards of attempts in a whole gateway: circuits, worker loss, time limits, connection limits and the drain deadline."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from orchestrator_stage import CHAT, DONE, STREAM, TOKEN, Stage, answer, entry, hang, raw_chat, refuse, reset, stage, stream, until

from services import wire
from services.orchestrator.forwarding.attempts import outcome_of
from services.orchestrator.forwarding.failures import Failure
from services.orchestrator.routing.view import View
from services.orchestrator.routing.worker_loss import WorkerLoss


async def status(on: Stage, **options: Any) -> int:
    async with on.chat(**options) as response:
        await response.read()
        return int(response.status)


def nothing_is_held(on: Stage) -> bool:
    attempts = on.gateway.proxy.attempts
    in_flight = on.gateway.recorder.in_flight
    at_workers = sum(in_flight.at(worker) for worker in on.workers)
    return not (in_flight.total or at_workers or attempts.pool.used or attempts.pool.waiting or attempts.worker_loss._waiting)


def test_outcome_of_failures() -> None:
    """Only transport failures and server errors count against the worker."""
    outcomes = {kind: outcome_of(Failure("w1", kind, "")) for kind in ("pool", "connect", "disconnect", "timeout", "protocol")}
    assert outcomes == {"pool": "neutral", "connect": "failure", "disconnect": "failure", "timeout": "failure", "protocol": "failure"}
    statuses = {status: outcome_of(Failure("w1", "status", "", status)) for status in (400, 404, 429, 500, 502, 503, 504)}
    assert [status for status, outcome in statuses.items() if outcome == "failure"] == [500, 502, 504]


async def test_status_api_reports_ejected() -> None:
    """The status API reports an ejected worker."""
    async with stage(reset, ejection_seconds=60.0) as on:

        async def is_ejected() -> bool:
            async with on.get("/api/cluster/workers/w1") as response:
                return bool((await response.json())["ejected"])

        assert not await is_ejected()
        assert await status(on) == 502
        assert await is_ejected()


async def test_forgotten_failures() -> None:
    """An operator ends ejections, closes circuits, and clears failures that opened none."""
    async with stage(refuse(500), breaker_failures=2, breaker_open_seconds=60.0) as on:

        async def forget() -> None:
            async with on.client.delete(on.url + "/api/cluster/failures", headers={wire.CLUSTER_TOKEN: TOKEN}) as response:
                assert response.status == 200

        assert await status(on) == 500
        await forget()
        assert [await status(on) for _ in range(3)] == [500, 500, 503]
        await forget()
        assert await status(on) == 500
        on.gateway.proxy.passive_health.eject(entry("w1"))
        await forget()
        assert not on.gateway.proxy.passive_health.ejected([entry("w1")])


async def test_open_circuit() -> None:
    """An open circuit answers 503 without an attempt, in status API and metrics."""
    async with stage(refuse(500), breaker_failures=3, breaker_open_seconds=60.0) as on:
        assert [await status(on) for _ in range(4)] == [500, 500, 500, 503]
        async with on.chat() as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "60")
            assert (await response.json())["error"]["code"] == "no_available_workers"
        assert on.hits() == 3
        async with on.get("/api/cluster/workers/w1") as response:
            assert (await response.json())["circuit"] == "open"
        async with on.get("/metrics") as response:
            assert 'gateway_circuit{worker="w1"} 2.0' in await response.text()
        await on.announce(entry("w2", on.workers["w1"].url))
        async with on.get("/metrics") as response:
            assert 'gateway_circuit{worker="w1"}' not in await response.text()


async def test_open_circuit_leaves_other_workers() -> None:
    """An open circuit of one worker leaves the others in service."""
    async with stage(refuse(500), answer, breaker_failures=2, breaker_open_seconds=60.0) as on:
        assert [await status(on) for _ in range(8)] == [200] * 8
        assert len(on.workers["w1"].requests) == 2


async def test_worker_loss_reroutes() -> None:
    """A request that waits for a lost worker moves to another one."""
    async with stage(hang, answer) as on:
        asking = asyncio.create_task(status(on))
        await until(lambda: on.workers["w1"].requests)
        await on.announce(entry("w2", on.workers["w2"].url))
        assert await asking == 200
        await until(lambda: on.workers["w1"].cancelled == 1)
        assert nothing_is_held(on)


async def test_worker_loss_two_views() -> None:
    """A second view may arrive while a cancelled wait ends."""
    worker_loss = WorkerLoss()
    has_begun = asyncio.Event()

    async def wait() -> None:
        async with worker_loss.waiting(entry("w1", "http://127.0.0.1:9")):
            try:
                has_begun.set()
                await asyncio.Event().wait()
            finally:
                worker_loss.apply(View())

    waiting = asyncio.create_task(wait())
    await has_begun.wait()
    worker_loss.apply(View())
    with pytest.raises(TimeoutError):
        await waiting


async def test_loss_of_last_worker() -> None:
    """A request that waits for the last worker gets 504 when that worker goes offline."""
    async with stage(hang) as on:
        asking = asyncio.create_task(status(on))
        await until(lambda: on.workers["w1"].requests)
        await on.announce(entry("w1", on.workers["w1"].url, status="offline"))
        assert await asking == 504


async def test_draining_worker_finishes() -> None:
    """A request at a draining worker completes."""
    go_on = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await go_on.wait()
        return await answer(request)

    async with stage(slow, answer) as on:
        asking = asyncio.create_task(status(on))
        await until(lambda: on.workers["w1"].requests)
        await on.announce(entry("w1", on.workers["w1"].url, state="draining"), entry("w2", on.workers["w2"].url))
        go_on.set()
        assert await asking == 200
        assert len(on.workers["w2"].requests) == 0


async def test_stalled_client_frees_worker() -> None:
    """A client that reads nothing does not occupy a worker."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b"data: " + b"x" * 65536 + b"\n\n")

    async with stage(endless, write_seconds=0.2) as on:
        host, port = on.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(raw_chat(STREAM))
            await until(lambda: on.gateway.recorder.in_flight.at("w1") == 1)
            await until(lambda: on.workers["w1"].cancelled == 1, 5.0)
            await until(lambda: nothing_is_held(on))


async def test_unary_time_limit() -> None:
    """A slow non-streamed answer is cut at its time limit."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    async with stage(drip, unary_seconds=0.2) as on:
        with contextlib.suppress(aiohttp.ClientPayloadError):
            async with on.chat() as response:
                await response.read()
                raise AssertionError("a cut body is read as complete")
        await until(lambda: on.workers["w1"].cancelled == 1)
        assert on.gateway.recorder.stats.report(0)["failed"] == 1


async def test_pool_limit() -> None:
    """A request above the connection limit waits, then gets 503."""
    async with stage(hang, max_connections_per_worker=1, pool_wait_seconds=0.1) as on:
        first = asyncio.create_task(status(on))
        await until(lambda: on.hits() == 1)
        async with on.chat() as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
            assert "X-Should-Retry" not in response.headers
        assert on.hits() == 1
        async with on.get("/metrics") as metrics:
            text = await metrics.text()
        assert "gateway_pool_exhausted_total 1.0" in text
        assert "gateway_pool_in_use 1.0" in text
        first.cancel()
        await until(lambda: nothing_is_held(on))


async def test_empty_budget() -> None:
    """Without a retry budget, a request has one attempt."""
    async with stage(refuse(503), refuse(503), retry_per_second=0.0, retry_share=0.0) as on:
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"], response.headers["X-Should-Retry"]) == (503, "1", "false")
        assert on.hits() == 1
        async with on.get("/metrics") as metrics:
            assert "gateway_retries_denied_total 1.0" in await metrics.text()


async def test_connect_timeout() -> None:
    """A connect timeout is a definite failure."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = [socket.socket() for _ in range(4)]  # The kernel drops a SYN while the backlog is full.
        for other in others:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        async with stage(connect_seconds=0.2, first_byte_seconds=30.0) as on:
            await on.announce(entry("w1", f"http://127.0.0.1:{full.getsockname()[1]}"))
            async with on.chat() as response:
                assert (response.status, (await response.json())["error"]["code"]) == (503, "no_available_workers")
        for other in others:
            other.close()


async def test_drain_deadline() -> None:
    """A stream at the drain deadline gets a shutdown error and is recorded."""
    async with stage(stream(b"data: 1\n\n", then="stall"), drain_seconds=0.05) as on, on.chat(STREAM) as response:
        await response.content.readany()
        await on.hooks._finish_requests()
        with contextlib.suppress(aiohttp.ClientPayloadError):
            rest = await response.content.readany()
            assert b'"code":"draining"' in rest
            assert b"[DONE]" not in rest
        assert nothing_is_held(on)
        assert on.gateway.recorder.stats.report(0)["requests_total"] == 1


async def test_drain_deadline_before_first_byte() -> None:
    """A request without a first byte at the drain deadline is refused with a shutdown error and is recorded."""
    async with stage(hang, drain_seconds=0.05) as on:
        waiting = asyncio.create_task(on.chat().__aenter__())
        await until(lambda: on.gateway.recorder.in_flight.at("w1") == 1)
        await on.hooks._finish_requests()
        response = await waiting
        assert (response.status, (await response.json())["error"]["code"]) == (503, "draining")
        assert response.headers[wire.SHOULD_RETRY] == "false"
        assert nothing_is_held(on)
        assert on.gateway.recorder.stats.report(0)["failed"] == 1


BEHAVIOURS = {
    "finish": answer,
    "stream": stream(b"data: 1\n\n", DONE),
    "break": stream(b"data: 1\n\n", then="reset"),
    "stall": stream(b"data: 1\n\n", then="stall"),
    "refuse": refuse(400),
    "fail": refuse(500),
    "crash": reset,
    "time out": hang,
}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(BEHAVIOURS)), st.booleans()), min_size=1, max_size=8))
def test_nothing_held(ends: list[tuple[str, bool]]) -> None:
    """No mix of ends leaves a counter, connection or wait behind."""

    async def one(on: Stage, kind: str, disconnects: bool) -> None:
        body = CHAT | {"stream": kind in ("stream", "break", "stall"), "user": kind}
        async with asyncio.timeout(0.03 if disconnects else None):
            async with on.chat(body) as response:
                await response.read()

    async def by_user(request: web.Request) -> web.StreamResponse:
        return await BEHAVIOURS[(await request.json())["user"]](request)

    async def story() -> None:
        limits = {"first_byte_seconds": 0.1, "connect_seconds": 0.1, "idle_seconds": 0.1, "breaker_open_seconds": 0.05}
        async with stage(by_user, by_user, max_connections_per_worker=2, pool_wait_seconds=0.1, **limits) as on:
            await asyncio.gather(*(one(on, *end) for end in ends), return_exceptions=True)
            await until(lambda: nothing_is_held(on))

    asyncio.run(story())
