"""Requests find a worker, arrive unchanged and come back unchanged."""

from __future__ import annotations

import asyncio
import json

from orchestrator_stage import ANSWER, CHAT, KEY, TOKEN, answer, entry, hang, stage, until

from services import wire


async def test_a_chat_is_answered_by_the_worker_of_its_model() -> None:
    async with stage(answer) as on, on.chat() as response:
        assert response.status == 200
        assert await response.json() == ANSWER
        assert response.headers["X-Worker-Id"] == "w1"
        assert response.headers["X-Attempts"] == "1"
        assert response.headers["X-Backend"] == "1"


async def test_the_body_arrives_byte_for_byte() -> None:
    body = json.dumps(CHAT | {"unknown": {"a": [1, 2.50]}}, indent=3).encode()
    async with stage(answer) as on:
        async with on.chat(None, data=body, headers={"Content-Type": "application/json"}) as response:
            assert response.status == 200
        assert on.workers["w1"].requests[0][1] == body


async def test_client_headers_arrive_and_identity_headers_are_the_gateways_own() -> None:
    forged = {"X-Auth-Subject": "root", "X-Auth-Tenant": "root", "traceparent": "00-1", "X-Request-Id": "r-1", "X-Cluster-Token": "forged"}
    async with stage(answer) as on:
        async with on.chat(headers=forged) as response:
            assert response.headers["X-Request-Id"] == "r-1"
        seen = on.workers["w1"].requests[0][0].headers
        assert seen["traceparent"] == "00-1"
        assert seen.getall(wire.REQUEST_ID) == ["r-1"]
        assert seen.getall(wire.AUTH_SUBJECT) == ["alice"]
        assert seen.getall(wire.AUTH_TENANT) == ["acme"]
        assert seen.getall(wire.CLUSTER_TOKEN) == [TOKEN]
        assert "Authorization" not in seen


async def test_a_key_without_a_tenant_sends_none_even_if_the_client_claims_one() -> None:
    async with stage(answer) as on:
        worker = on.workers["w1"]
        await on.announce(entry("w1", worker.url, models=("model-b",)))
        async with on.chat(CHAT | {"model": "model-b"}, key="sk-only-model-b", headers={"X-Auth-Tenant": "acme"}) as response:
            assert response.status == 200
        assert wire.AUTH_TENANT not in worker.requests[0][0].headers


async def test_a_client_that_expects_100_continue_is_answered_here() -> None:
    async with stage(answer) as on:
        async with on.chat(expect100=True) as response:
            assert response.status == 200
        assert "Expect" not in on.workers["w1"].requests[0][0].headers


async def test_unknown_v1_paths_reach_the_worker_with_their_query() -> None:
    async with stage(answer) as on:
        async with on.chat({"model": "model-a", "input": "x"}, path="/v1/embeddings?a=1&b=x%26y") as response:
            assert response.status == 200
        assert on.workers["w1"].requests[0][0].raw_path == "/v1/embeddings?a=1&b=x%26y"


async def test_dot_segments_never_reach_a_worker() -> None:
    async with stage(answer) as on:
        port = int(on.url.rpartition(":")[2])
        for path in ("/v1/../stop", "/v1/%2e%2e/stop", "/v1/a/..%2f..%2fstop", "/v1/./stop", "/v1/..\\stop"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            body = b'{"model":"model-a"}'
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            assert (await reader.readline()).split()[1] in (b"404", b"401"), path
            writer.close()
        assert on.hits() == 0


async def test_equal_queues_are_served_in_turn() -> None:
    async with stage(answer, answer) as on:
        for _ in range(20):
            async with on.chat() as response:
                assert response.status == 200
        assert [len(worker.requests) for worker in on.workers.values()] == [10, 10]


async def test_a_busy_worker_is_passed_over() -> None:
    async with stage(hang, answer) as on:
        stuck = asyncio.create_task(on.chat().__aenter__())
        await until(lambda: on.gateway.recorder.in_flight.at("w1"))
        for _ in range(5):
            async with on.chat() as response:
                assert response.headers["X-Worker-Id"] == "w2"
        stuck.cancel()


async def test_workers_that_drain_or_are_unhealthy_or_offline_get_nothing() -> None:
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


async def test_the_worker_id_that_a_hive_set_is_kept() -> None:
    async def hive(request: object) -> object:
        response = await answer(request)  # type: ignore[arg-type]
        response.headers["X-Worker-Id"] = "behind-the-hive"
        return response

    async with stage(hive) as on, on.chat() as response:  # type: ignore[arg-type]
        assert response.headers["X-Worker-Id"] == "behind-the-hive"
