"""Before the first byte a failed attempt is tried again elsewhere, within bounds; the last word is honest."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from held_ports import free_port
from orchestrator_stage import CHAT, Behaviour, answer, entry, hang, refuse, reset, stage, stream, until


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_an_error_status_is_tried_again_on_another_worker(status: int) -> None:
    async with stage(refuse(status), answer) as on:
        async with on.chat() as response:
            assert response.status == 200
            assert response.headers["X-Worker-Id"] == "w2"
            assert response.headers["X-Attempts"] == "2"
        assert on.gateway.recorder.stats.retries_total == 1


async def test_a_reset_connection_is_tried_again_on_another_worker() -> None:
    async with stage(reset, answer) as on, on.chat() as response:
        assert (response.status, response.headers["X-Worker-Id"]) == (200, "w2")


async def test_a_hanging_worker_is_left_after_the_first_byte_limit() -> None:
    async with stage(hang, answer, first_byte_seconds=0.3, connect_seconds=60.0) as on:
        async with asyncio.timeout(30), on.chat() as response:  # what connecting did not take is not the answer's
            assert (response.status, response.headers["X-Worker-Id"]) == (200, "w2")
        await until(lambda: on.workers["w1"].cancelled == 1)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_a_client_error_is_passed_on_without_another_attempt(status: int) -> None:
    async with stage(refuse(status), answer) as on:
        async with on.chat() as response:
            assert response.status == status
            assert (await response.json())["error"]["message"] == f"worker says {status}"
            assert response.headers["X-Worker-Id"] == "w1"
        assert on.hits() == 1


async def test_attempts_are_bounded_and_never_hit_a_worker_twice() -> None:
    async with stage(*[refuse(503)] * 5) as on:
        async with on.chat() as response:
            assert response.status == 503
            assert response.headers["X-Attempts"] == "3"
            assert response.headers["X-Should-Retry"] == "false"
            assert (await response.json())["error"]["message"] == "worker says 503"
        assert sorted(len(worker.requests) for worker in on.workers.values()) == [0, 0, 1, 1, 1]


async def test_with_few_workers_attempts_end_with_them() -> None:
    async with stage(refuse(500), refuse(502)) as on:
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"]) == (502, "2")
        assert on.hits() == 2


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        (reset, 502, "upstream_disconnected"),
        (hang, 504, "upstream_timeout"),
        (stream(), 502, "upstream_disconnected"),
        (refuse(500, b"oops"), 502, "upstream_protocol_error"),
        (refuse(503, b"oops"), 503, "no_available_workers"),
        (refuse(504, b'{"error": "text"}'), 504, "upstream_timeout"),
        (refuse(401), 502, "upstream_protocol_error"),
        (refuse(408), 504, "upstream_timeout"),
        (refuse(409), 502, "upstream_protocol_error"),
        (refuse(418, b"teapot"), 418, "upstream_protocol_error"),
    ],
)
async def test_a_failure_reads_as_an_openai_error(behaviour: object, status: int, code: str) -> None:
    async with stage(behaviour, first_byte_seconds=0.3, connect_seconds=0.1) as on, on.chat() as response:  # type: ignore[arg-type]
        assert (response.status, (await response.json())["error"]["code"]) == (status, code)
        assert response.headers["X-Worker-Id"] == "w1"
        assert response.headers["X-Attempts"] == "1"


async def test_an_unreachable_worker_is_a_503_that_surely_did_nothing() -> None:
    async with stage() as on:
        await on.announce(entry("w1", f"http://127.0.0.1:{free_port()}"))
        async with on.chat() as response:
            assert (response.status, (await response.json())["error"]["code"]) == (503, "no_available_workers")
            assert response.headers["Retry-After"] == "1"
            assert response.headers["X-Should-Retry"] == "false"


async def test_a_429_that_nobody_else_can_take_keeps_its_retry_after() -> None:
    async with stage(refuse(429, Retry_After="7")) as on:
        async with on.chat() as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")
            assert "X-Should-Retry" not in response.headers
        assert on.hits() == 1


async def test_after_several_429_the_client_is_told_not_to_multiply_them() -> None:
    async with stage(refuse(429, Retry_After="7"), refuse(429, Retry_After="7")) as on, on.chat() as response:
        assert (response.status, response.headers["X-Should-Retry"]) == (429, "false")


async def test_a_suspect_worker_is_avoided_until_nobody_else_is_left() -> None:
    async with stage(reset, answer) as on:
        for _ in range(6):
            async with on.chat() as response:
                assert response.status == 200
        assert len(on.workers["w1"].requests) == 1
        on.workers["w1"].behaviour = answer
        await on.announce(entry("w1", on.workers["w1"].url))
        async with on.chat() as response:
            assert response.status == 200


async def test_a_worker_that_its_hive_cannot_reach_is_suspect_too() -> None:
    async with stage(refuse(503), answer) as on:
        for _ in range(6):
            async with on.chat() as response:
                assert response.status == 200
        assert len(on.workers["w1"].requests) == 1


async def test_a_restarted_worker_is_no_longer_suspect() -> None:
    async with stage(reset, answer) as on:
        async with on.chat():
            pass
        on.workers["w1"].behaviour = answer
        await on.announce(*(entry(worker.id, worker.url, epoch=2) for worker in on.workers.values()))
        async with on.chat() as response:
            assert response.headers["X-Worker-Id"] == "w1"


async def test_a_whole_answer_is_never_sent_twice_to_the_worker() -> None:
    async with stage(answer) as on:
        await asyncio.gather(*(one(on) for _ in range(30)))
        assert on.hits() == 30


async def one(on: object) -> None:
    async with on.chat(json.loads(json.dumps(CHAT))) as response:  # type: ignore[attr-defined]
        assert response.status == 200


async def test_an_idle_connection_closed_under_the_request_costs_the_only_worker_nothing() -> None:
    async with stage(answer) as on:
        await one(on)
        on.workers["w1"].behaviour = reset_once(answer)
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"]) == (200, "1")


async def test_an_idle_connection_closed_under_the_request_is_no_reason_to_leave_the_worker() -> None:
    async with stage(answer, answer) as on:
        await one(on)
        await one(on)
        for worker in on.workers.values():
            worker.behaviour = reset_once(answer)
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"]) == (200, "1")
        assert [len(worker.requests) for worker in on.workers.values()] == [3, 1]


async def test_a_worker_that_resets_every_connection_is_not_asked_without_end() -> None:
    async with stage(answer, max_extra_attempts=5) as on:
        await one(on)
        on.workers["w1"].behaviour = reset
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"]) == (502, "1")
        assert on.hits() == 3


async def test_only_the_first_attempt_has_another_go_on_a_fresh_connection() -> None:
    async with stage(answer, answer, answer) as on:
        await asyncio.gather(*(one(on) for _ in range(6)))
        for worker in on.workers.values():
            worker.behaviour, worker.requests = reset, []
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"], response.headers["X-Should-Retry"]) == (502, "3", "false")
        assert on.hits() == 4


def reset_once(after: Behaviour) -> Behaviour:
    """Resets the first connection, then behaves."""
    left = [reset]

    async def behaviour(request: web.Request) -> web.StreamResponse:
        return await (left.pop() if left else after)(request)

    return behaviour
