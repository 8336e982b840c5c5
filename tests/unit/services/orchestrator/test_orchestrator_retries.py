"""Retries: a failed attempt before the first byte is repeated on another worker, within limits, and the error is exact."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web
from held_ports import free_port
from orchestrator_stage import CHAT, Behaviour, answer, entry, hang, refuse, reset, stage, stream, until


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_error_status_is_retried(status: int) -> None:
    """A retryable status leads to an attempt on another worker."""
    async with stage(refuse(status), answer) as on:
        async with on.chat() as response:
            assert response.status == 200
            assert response.headers["X-Worker-Id"] == "w2"
            assert response.headers["X-Attempts"] == "2"
        assert on.gateway.recorder.stats.retries_total == 1


async def test_reset_is_retried() -> None:
    """A connection reset leads to an attempt on another worker."""
    async with stage(reset, answer) as on, on.chat() as response:
        assert (response.status, response.headers["X-Worker-Id"]) == (200, "w2")


async def test_first_byte_timeout_is_retried() -> None:
    """A hanging worker is cancelled after `first_byte_seconds`, without the connect time."""
    async with stage(hang, answer, first_byte_seconds=0.3, connect_seconds=60.0) as on:
        async with asyncio.timeout(30), on.chat() as response:  # The unused connect time does not extend the first byte time.
            assert (response.status, response.headers["X-Worker-Id"]) == (200, "w2")
        await until(lambda: on.workers["w1"].cancelled == 1)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
async def test_client_error_not_retried(status: int) -> None:
    """A client error is relayed without another attempt."""
    async with stage(refuse(status), answer) as on:
        async with on.chat() as response:
            assert response.status == status
            assert (await response.json())["error"]["message"] == f"worker says {status}"
            assert response.headers["X-Worker-Id"] == "w1"
        assert on.hits() == 1


async def test_attempts_are_bounded() -> None:
    """Attempts are limited, and no worker gets the same request twice."""
    async with stage(*[refuse(503)] * 5) as on:
        async with on.chat() as response:
            assert response.status == 503
            assert response.headers["X-Attempts"] == "3"
            assert response.headers["X-Should-Retry"] == "false"
            assert (await response.json())["error"]["message"] == "worker says 503"
        assert sorted(len(worker.requests) for worker in on.workers.values()) == [0, 0, 1, 1, 1]


async def test_attempts_end_with_workers() -> None:
    """Attempts end when every worker was tried."""
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
async def test_failure_as_openai_error(behaviour: object, status: int, code: str) -> None:
    """Each failure becomes an OpenAI error."""
    async with stage(behaviour, first_byte_seconds=0.3, connect_seconds=0.1) as on, on.chat() as response:  # type: ignore[arg-type]
        assert (response.status, (await response.json())["error"]["code"]) == (status, code)
        assert response.headers["X-Worker-Id"] == "w1"
        assert response.headers["X-Attempts"] == "1"


async def test_unreachable_worker() -> None:
    """An unreachable worker gives a 503 that is definite."""
    async with stage() as on:
        await on.announce(entry("w1", f"http://127.0.0.1:{free_port()}"))
        async with on.chat() as response:
            assert (response.status, (await response.json())["error"]["code"]) == (503, "no_available_workers")
            assert response.headers["Retry-After"] == "1"
            assert response.headers["X-Should-Retry"] == "false"


async def test_single_429() -> None:
    """A 429 of the only worker keeps its Retry-After."""
    async with stage(refuse(429, Retry_After="7")) as on:
        async with on.chat() as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")
            assert "X-Should-Retry" not in response.headers
        assert on.hits() == 1


async def test_repeated_429() -> None:
    """After several 429, the client is not to retry."""
    async with stage(refuse(429, Retry_After="7"), refuse(429, Retry_After="7")) as on, on.chat() as response:
        assert (response.status, response.headers["X-Should-Retry"]) == (429, "false")


async def test_ejected_worker_avoided() -> None:
    """An ejected worker gets requests only without another worker."""
    async with stage(reset, answer) as on:
        for _ in range(6):
            async with on.chat() as response:
                assert response.status == 200
        assert len(on.workers["w1"].requests) == 1
        on.workers["w1"].behaviour = answer
        await on.announce(entry("w1", on.workers["w1"].url))
        async with on.chat() as response:
            assert response.status == 200


async def test_hive_503_ejects() -> None:
    """A worker that its hive cannot reach is ejected too."""
    async with stage(refuse(503), answer) as on:
        for _ in range(6):
            async with on.chat() as response:
                assert response.status == 200
        assert len(on.workers["w1"].requests) == 1


async def test_restart_ends_ejection() -> None:
    """A restarted worker is no longer ejected."""
    async with stage(reset, answer) as on:
        async with on.chat():
            pass
        on.workers["w1"].behaviour = answer
        await on.announce(*(entry(worker.id, worker.url, epoch=2) for worker in on.workers.values()))
        async with on.chat() as response:
            assert response.headers["X-Worker-Id"] == "w1"


async def test_one_attempt_per_request() -> None:
    """An answered request reaches the worker once."""
    async with stage(answer) as on:
        await asyncio.gather(*(one(on) for _ in range(30)))
        assert on.hits() == 30


async def one(on: object) -> None:
    async with on.chat(json.loads(json.dumps(CHAT))) as response:  # type: ignore[attr-defined]
        assert response.status == 200


async def test_stale_connection_single_worker() -> None:
    """A stale connection to the only worker costs no attempt."""
    async with stage(answer) as on:
        await one(on)
        on.workers["w1"].behaviour = reset_once(answer)
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"]) == (200, "1")


async def test_stale_connection_keeps_worker() -> None:
    """A stale connection does not move the request to another worker."""
    async with stage(answer, answer) as on:
        await one(on)
        await one(on)
        for worker in on.workers.values():
            worker.behaviour = reset_once(answer)
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"]) == (200, "1")
        assert [len(worker.requests) for worker in on.workers.values()] == [3, 1]


async def test_resets_are_bounded() -> None:
    """A worker that resets every connection gets a limited number of requests."""
    async with stage(answer, max_extra_attempts=5) as on:
        await one(on)
        on.workers["w1"].behaviour = reset
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"]) == (502, "1")
        assert on.hits() == 3


async def test_stale_retry_first_attempt_only() -> None:
    """Only the first attempt is repeated on a fresh connection."""
    async with stage(answer, answer, answer) as on:
        await asyncio.gather(*(one(on) for _ in range(6)))
        for worker in on.workers.values():
            worker.behaviour, worker.requests = reset, []
        async with on.chat() as response:
            assert (response.status, response.headers["X-Attempts"], response.headers["X-Should-Retry"]) == (502, "3", "false")
        assert on.hits() == 4


def reset_once(after: Behaviour) -> Behaviour:
    """Resets the first connection, then behaves like `after`."""
    left = [reset]

    async def behaviour(request: web.Request) -> web.StreamResponse:
        return await (left.pop() if left else after)(request)

    return behaviour
