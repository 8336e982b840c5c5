"""Requests reach a worker unchanged, and answers return unchanged."""

from __future__ import annotations

import asyncio
import json

from orchestrator_stage import ANSWER, CHAT, NARROW_KEY, TOKEN, answer, entry, hang, raw_chat, stage, until

from services import wire


async def test_chat() -> None:
    """A worker of the model answers, and the gateway adds its headers."""
    async with stage(answer) as on, on.chat() as response:
        assert response.status == 200
        assert await response.json() == ANSWER
        assert response.headers["X-Worker-Id"] == "w1"
        assert response.headers["X-Attempts"] == "1"
        assert response.headers["X-Backend"] == "1"


async def test_body_bytes() -> None:
    """The worker receives the bytes of the body."""
    body = json.dumps(CHAT | {"unknown": {"a": [1, 2.50]}}, indent=3).encode()
    async with stage(answer) as on:
        async with on.chat(None, data=body, headers={"Content-Type": "application/json"}) as response:
            assert response.status == 200
        assert on.workers["w1"].requests[0][1] == body


async def test_headers() -> None:
    """Client headers reach the worker, and identity headers come from the gateway."""
    forged = {"X-Auth-Subject": "root", "X-Auth-Tenant": "root", "traceparent": "00-1", "X-Request-Id": "r-1", "X-Cluster-Token": "forged"}
    async with stage(answer) as on:
        async with on.chat(headers=forged) as response:
            assert response.headers["X-Request-Id"] == "r-1"
        received = on.workers["w1"].requests[0][0].headers
        assert received["traceparent"] == "00-1"
        assert received.getall(wire.REQUEST_ID) == ["r-1"]
        assert received.getall(wire.AUTH_SUBJECT) == ["alice"]
        assert received.getall(wire.AUTH_TENANT) == ["acme"]
        assert received.getall(wire.CLUSTER_TOKEN) == [TOKEN]
        assert "Authorization" not in received


async def test_forged_tenant() -> None:
    """A key without a tenant sends none, even if the client sends the header."""
    async with stage(answer) as on:
        worker = on.workers["w1"]
        await on.announce(entry("w1", worker.url, models=("model-b",)))
        async with on.chat(CHAT | {"model": "model-b"}, key=NARROW_KEY, headers={"X-Auth-Tenant": "acme"}) as response:
            assert response.status == 200
        assert wire.AUTH_TENANT not in worker.requests[0][0].headers


async def test_expect_100() -> None:
    """The gateway answers `Expect: 100-continue` itself."""
    async with stage(answer) as on:
        async with on.chat(expect100=True) as response:
            assert response.status == 200
        assert "Expect" not in on.workers["w1"].requests[0][0].headers


async def test_other_v1_path() -> None:
    """An unknown `/v1/` path reaches the worker with its query."""
    async with stage(answer) as on:
        async with on.chat({"model": "model-a", "input": "x"}, path="/v1/embeddings?a=1&b=x%26y") as response:
            assert response.status == 200
        assert on.workers["w1"].requests[0][0].raw_path == "/v1/embeddings?a=1&b=x%26y"


async def test_dot_segments() -> None:
    """A path with dot segments reaches no worker."""
    async with stage(answer) as on:
        port = int(on.url.rpartition(":")[2])
        for path in ("/v1/../stop", "/v1/%2e%2e/stop", "/v1/a/..%2f..%2fstop", "/v1/./stop", "/v1/..\\stop"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(raw_chat(path=path))
            assert (await reader.readline()).split()[1] in (b"404", b"401"), path
            writer.close()
        assert on.hits() == 0


async def test_equal_queues() -> None:
    """Equal queues get requests in turn."""
    async with stage(answer, answer) as on:
        for _ in range(20):
            async with on.chat() as response:
                assert response.status == 200
        assert [len(worker.requests) for worker in on.workers.values()] == [10, 10]


async def test_busy_worker() -> None:
    """A busy worker gets no request while another one is idle."""
    async with stage(hang, answer) as on:
        stuck = asyncio.create_task(on.chat().__aenter__())
        await until(lambda: on.gateway.recorder.in_flight.at("w1"))
        for _ in range(5):
            async with on.chat() as response:
                assert response.headers["X-Worker-Id"] == "w2"
        stuck.cancel()


async def test_unroutable_workers() -> None:
    """A draining, unhealthy or offline worker gets no request."""
    async with stage(answer, answer, answer, answer) as on:
        url = {name: worker.url for name, worker in on.workers.items()}
        await on.announce(
            entry("w1", url["w1"]),
            entry("w2", url["w2"], state="draining"),
            entry("w3", url["w3"], health="unhealthy"),
            entry("w4", url["w4"], status="offline"),
        )
        for _ in range(8):
            async with on.chat() as response:
                assert response.headers["X-Worker-Id"] == "w1"


async def test_hive_worker_id() -> None:
    """The worker id of a hive is kept."""

    async def hive(request: object) -> object:
        response = await answer(request)  # type: ignore[arg-type]
        response.headers["X-Worker-Id"] = "behind-the-hive"
        return response

    async with stage(hive) as on, on.chat() as response:  # type: ignore[arg-type]
        assert response.headers["X-Worker-Id"] == "behind-the-hive"
