"""The operator API: health, readiness, services and cluster status."""

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
async def test_operator_paths_need_token(path: str) -> None:
    """Operator paths need the cluster token."""
    async with stage(answer) as on:
        async with on.get(path, Authorization=f"Bearer {KEY}") as response:
            assert (response.status, (await response.json())["error"]["code"]) == (401, "invalid_cluster_token")
        async with on.get(path) as response:
            assert response.status == 200


async def test_health() -> None:
    """Health is public and lists hives and workers."""
    async with stage(answer) as on:
        await announce_cluster(on)
        async with on.client.get(on.url + "/health") as response:
            health = await response.json()
        assert health["status"] == "healthy"
        assert health["hives"] == {"h1": "healthy"}
        assert health["workers"] == {"w1": "online", "w2": "offline"}
        assert (health["registry"]["connected"], health["registry"]["instance"]) == (True, "one")


async def test_health_degraded_unhealthy() -> None:
    """A degraded hive makes health degraded, and no worker makes it unhealthy."""
    async with stage(answer) as on:
        await announce_cluster(on, hive_health="degraded")
        assert on.hooks.health()["status"] == "degraded"
        await on.announce(entry("w1", status="offline"))
        assert on.hooks.health()["status"] == "unhealthy"


async def test_not_ready() -> None:
    """Ready is 503 with a reason while no worker is ready."""
    async with stage(answer) as on:
        async with on.client.get(on.url + "/ready") as response:
            assert response.status == 200
        await on.announce(entry("w1", state="draining"))
        async with on.client.get(on.url + "/ready") as response:
            error = (await response.json())["error"]
            assert (response.status, error["code"], error["message"]) == (503, "not_ready", "no worker is ready")


async def test_services() -> None:
    """The service list contains every node with its models and requests."""
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


async def test_cluster_status() -> None:
    """The cluster status counts workers, and single workers can be read."""
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
