"""What operators see: health, readiness, services, cluster status; all behind the cluster's token."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from orchestrator_stage import KEY, Stage, answer, entry, hang, stage, until


async def announce_cluster(on: Stage, hive_health: str = "healthy") -> None:
    url = on.workers["w1"].url
    hive: Any = {"kind": "hive", "models": (), "health": hive_health}
    await on.announce(entry("h1", "http://h1:1", **hive), entry("w1", url, hive="h1"), entry("w2", url, hive="h1", status="offline"))


@pytest.mark.parametrize("path", ["/services", "/stats", "/api/cluster/status", "/api/cluster/workers", "/api/cluster/workers/w1"])
async def test_operator_paths_need_the_cluster_token(path: str) -> None:
    async with stage(answer) as on:
        async with on.get(path, Authorization=f"Bearer {KEY}") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (401, "invalid_cluster_token")
        async with on.get(path) as response:
            assert response.status == 200


async def test_health_is_open_and_names_hives_and_workers() -> None:
    async with stage(answer) as on:
        await announce_cluster(on)
        async with on.client.get(on.url + "/health") as response:
            health = await response.json()
        assert health["status"] == "healthy"
        assert health["hives"] == {"h1": "healthy"}
        assert health["workers"] == {"w1": "online", "w2": "offline"}
        assert (health["registry"]["connected"], health["registry"]["instance"]) == (True, "one")


async def test_health_reflects_a_sick_hive_and_the_loss_of_every_worker() -> None:
    async with stage(answer) as on:
        await announce_cluster(on, hive_health="degraded")
        assert on.hooks.health()["status"] == "degraded"
        await on.announce(entry("w1", status="offline"))
        assert on.hooks.health()["status"] == "unhealthy"


async def test_ready_is_503_with_a_reason_when_nobody_can_serve() -> None:
    async with stage(answer) as on:
        async with on.client.get(on.url + "/ready") as response:
            assert response.status == 200
        await on.announce(entry("w1", state="draining"))
        async with on.client.get(on.url + "/ready") as response:
            error = (await response.json())["error"]
            assert (response.status, error["code"], error["message"]) == (503, "not_ready", "no worker is ready")


async def test_services_list_every_node_with_what_it_does() -> None:
    async with stage(hang) as on:
        await announce_cluster(on)
        stuck = asyncio.create_task(on.chat().__aenter__())
        await until(lambda: on.workers["w1"].requests)
        async with on.get("/services") as response:
            services = {one["name"]: one for one in (await response.json())["services"]}
        assert set(services) == {"registry", "gate", "h1", "w1", "w2"}
        assert services["w1"] == {
            "name": "w1",
            "kind": "worker",
            "url": on.workers["w1"].url,
            "health": "healthy",
            "status": "online",
            "models": ["model-a"],
            "in_flight": 1,
            "hive": "h1",
        }
        assert (services["w2"]["status"], services["w2"]["health"]) == ("offline", "unhealthy")
        assert (services["h1"]["in_flight"], services["gate"]["in_flight"]) == (1, 1)
        stuck.cancel()


async def test_cluster_status_counts_and_single_workers_can_be_asked_for() -> None:
    async with stage(answer) as on:
        await announce_cluster(on)
        async with on.get("/api/cluster/status") as response:
            status = await response.json()
        assert (status["status"], status["workers"]) == ("healthy", {"total": 2, "online": 1, "unconfirmed": 0, "offline": 1})
        assert (status["models"], status["hives"], status["in_flight"]) == (["model-a"], {"h1": "healthy"}, 0)
        async with on.get("/api/cluster/workers") as response:
            assert [one["id"] for one in (await response.json())["workers"]] == ["w1", "w2"]
        async with on.get("/api/cluster/workers/w2") as response:
            worker = await response.json()
            assert (worker["status"], worker["hive"], worker["epoch"], worker["in_flight"]) == ("offline", "h1", 1, 0)
        async with on.get("/api/cluster/workers/w3") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (404, "not_found")
