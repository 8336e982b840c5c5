"""The gateway follows the registry and keeps its last view during an outage."""

from __future__ import annotations

import time

import pytest
from orchestrator_stage import CHAT, TOKEN, answer, entry, serve, stage, until

from services.orchestrator.routing.view import View


async def test_new_worker() -> None:
    """A new worker in the registry gets requests."""
    async with stage(answer, poll_wait_seconds=5.0) as on:
        url = on.workers["w1"].url
        await on.announce(entry("w1", url), entry("w9", url, models=("model-new",)))
        async with on.chat(CHAT | {"model": "model-new"}) as response:
            assert (response.status, response.headers["X-Worker-Id"]) == (200, "w9")
        assert on.registry.tokens == {TOKEN}


async def test_registry_outage() -> None:
    """Routing continues during a registry outage and converges afterwards."""
    async with stage(answer, answer) as on:
        port = on.registry_runner.addresses[0][1]
        await on.registry_runner.cleanup()
        await until(lambda: not on.gateway.cluster.is_connected)
        async with on.chat() as response:
            assert response.status == 200
        async with on.get("/health") as response:
            health = await response.json()
            assert (health["status"], health["registry"]["connected"]) == ("degraded", False)
        on.registry.publish(entry("w2", on.workers["w2"].url), instance="two", revision=1)
        back, _ = await serve(on.registry.handle, port)
        await until(lambda: on.gateway.cluster.view.instance == "two")
        async with on.chat() as response:
            assert response.headers["X-Worker-Id"] == "w2"
        await back.cleanup()


async def test_hasty_registry() -> None:
    """A registry that ignores the wait of a long poll is polled at a limited rate."""
    async with stage(answer, poll_wait_seconds=0.05) as on:
        on.registry.is_hasty = True
        polls, started = on.registry.polls, time.monotonic()
        await until(lambda: on.registry.polls >= polls + 4)
        assert time.monotonic() - started >= 2 * 0.05


async def test_reported_queues() -> None:
    """Reported queue lengths affect the selection."""
    async with stage(answer, answer, poll_wait_seconds=0.02) as on:
        one, two = on.workers.values()
        await on.announce(entry("w1", one.url, metrics={"waiting": 5.0}), entry("w2", two.url))
        for _ in range(4):
            async with on.chat() as response:
                assert response.headers["X-Worker-Id"] == "w2"


async def test_before_first_snapshot() -> None:
    """Before the first snapshot, an unknown model gets 503."""
    async with stage(answer) as on:
        on.gateway.cluster._updated_at = None
        on.gateway.cluster.view = type(on.gateway.cluster.view)()
        async with on.chat(CHAT | {"model": "unknown"}) as response:
            assert response.status == 503


async def test_listener_error(caplog: pytest.LogCaptureFixture) -> None:
    """An error in a listener is logged and does not end the watch."""
    async with stage(answer) as on:
        bugs = iter([ValueError("a bug")])

        def listen(view: View) -> None:
            for bug in bugs:
                raise bug

        on.gateway.cluster.listeners.append(listen)
        url = on.workers["w1"].url
        on.registry.publish(entry("w1", url), entry("w9", url, models=("model-new",)))
        await until(lambda: "watch_failed" in caplog.text)
        assert not on.gateway.cluster.is_connected
        await until(lambda: on.gateway.cluster.is_connected)
