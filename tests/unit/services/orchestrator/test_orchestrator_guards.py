"""What guards attempts, around a whole gateway: open circuits, worker_loss, limits of time and connections; nothing is held on to."""

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
from orchestrator_stage import CHAT, KEY, Stage, answer, entry, hang, refuse, reset, stage, stream, until

from services.orchestrator.forwarding.attempts import outcome_of
from services.orchestrator.forwarding.failures import Failure
from services.orchestrator.routing.view import View
from services.orchestrator.routing.worker_loss import WorkerLoss

DONE = b"data: [DONE]\n\n"


async def status(on: Stage, **options: Any) -> int:
    async with on.chat(**options) as response:
        await response.read()
        return int(response.status)


def nothing_is_held(on: Stage) -> bool:
    attempts = on.gateway.proxy.attempts
    in_flight = on.gateway.recorder.in_flight
    at_workers = sum(in_flight.at(worker) for worker in on.workers)
    return not (in_flight.total or at_workers or attempts.pool.used or attempts.pool.waiting or attempts.worker_loss._waiting)


def test_what_a_failure_says_of_the_worker() -> None:
    told = {kind: outcome_of(Failure("w1", kind, "")) for kind in ("pool", "connect", "disconnect", "timeout", "protocol")}
    assert told == {"pool": "neutral", "connect": "failure", "disconnect": "failure", "timeout": "failure", "protocol": "failure"}
    statuses = {status: outcome_of(Failure("w1", "status", "", status)) for status in (400, 404, 429, 500, 502, 503, 504)}
    assert [status for status, outcome in statuses.items() if outcome == "failure"] == [500, 502, 504]


async def test_the_status_api_shows_who_is_ejected() -> None:
    async with stage(reset, ejection_seconds=60.0) as on:

        async def is_ejected() -> bool:
            async with on.get("/api/cluster/workers/w1") as response:
                return bool((await response.json())["ejected"])

        assert not await is_ejected()
        assert await status(on) == 502
        assert await is_ejected()


async def test_an_open_circuit_answers_at_once_and_the_status_api_shows_it() -> None:
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


async def test_a_circuit_that_opens_leaves_the_others_in_service() -> None:
    async with stage(refuse(500), answer, breaker_failures=2, breaker_open_seconds=60.0) as on:
        assert [await status(on) for _ in range(8)] == [200] * 8
        assert len(on.workers["w1"].requests) == 2


async def test_who_waits_at_a_worker_that_leaves_is_answered_by_another() -> None:
    async with stage(hang, answer) as on:
        asking = asyncio.create_task(status(on))
        await until(lambda: on.workers["w1"].requests)
        await on.announce(entry("w2", on.workers["w2"].url))
        assert await asking == 200
        await until(lambda: on.workers["w1"].cancelled == 1)
        assert nothing_is_held(on)


async def test_a_second_view_may_come_while_a_called_back_one_still_unwinds() -> None:
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


async def test_who_waits_at_the_last_worker_when_it_goes_offline_is_told_so() -> None:
    async with stage(hang) as on:
        asking = asyncio.create_task(status(on))
        await until(lambda: on.workers["w1"].requests)
        await on.announce(entry("w1", on.workers["w1"].url, status="offline"))
        assert await asking == 504


async def test_who_waits_at_a_worker_that_drains_goes_on_waiting() -> None:
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


async def test_a_client_that_takes_nothing_does_not_hold_a_worker() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b"data: " + b"x" * 65536 + b"\n\n")

    async with stage(endless, write_seconds=0.2) as on:
        host, port = on.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as idle:
            body = b'{"model": "model-a", "messages": [{"role": "user", "content": "hi"}], "stream": true}'
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
            idle.sendall(head.encode() + body)
            await until(lambda: on.gateway.recorder.in_flight.at("w1") == 1)
            await until(lambda: on.workers["w1"].cancelled == 1, 5.0)
            await until(lambda: nothing_is_held(on))


async def test_an_answer_that_drips_for_too_long_is_cut() -> None:
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
                raise AssertionError("a body that was cut reads as whole")
        await until(lambda: on.workers["w1"].cancelled == 1)
        assert on.gateway.recorder.stats.report(0)["failed"] == 1


async def test_beyond_the_limit_of_connections_a_request_waits_and_then_goes_elsewhere_or_is_refused() -> None:
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


async def test_an_empty_budget_leaves_one_attempt() -> None:
    async with stage(refuse(503), refuse(503), retry_per_second=0.0, retry_share=0.0) as on:
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"], response.headers["X-Should-Retry"]) == (503, "1", "false")
        assert on.hits() == 1
        async with on.get("/metrics") as metrics:
            assert "gateway_retries_denied_total 1.0" in await metrics.text()


async def test_no_connection_within_the_limit_is_a_failure_to_connect() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = [socket.socket() for _ in range(4)]  # the kernel drops a SYN when the backlog is full
        for other in others:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        async with stage(connect_seconds=0.2, first_byte_seconds=30.0) as on:
            await on.announce(entry("w1", f"http://127.0.0.1:{full.getsockname()[1]}"))
            async with on.chat() as response:
                assert (response.status, (await response.json())["error"]["code"]) == (503, "no_available_workers")
        for other in others:
            other.close()


async def test_at_the_deadline_of_a_drain_what_is_still_served_is_told_so_and_booked() -> None:
    async with stage(stream(b"data: 1\n\n", then="stall"), drain_seconds=0.05) as on, on.chat(CHAT | {"stream": True}) as response:
        await response.content.readany()
        await on.hooks._finish_requests()
        with contextlib.suppress(aiohttp.ClientPayloadError):
            rest = await response.content.readany()
            assert b'"code":"draining"' in rest
            assert b"[DONE]" not in rest
        assert nothing_is_held(on)
        assert on.gateway.recorder.stats.report(0)["requests_total"] == 1


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
def test_nothing_is_held_after_any_mix_of_ends(ends: list[tuple[str, bool]]) -> None:
    async def one(on: Stage, kind: str, leaves: bool) -> None:
        body = CHAT | {"stream": kind in ("stream", "break", "stall"), "user": kind}
        async with asyncio.timeout(0.03 if leaves else None):
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
