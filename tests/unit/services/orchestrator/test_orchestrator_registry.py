"""The gateway follows the registry, and goes on by what it last knew while the registry is away."""

from __future__ import annotations

import time

import pytest
from orchestrator_stage import CHAT, TOKEN, answer, entry, serve, stage, until

from services.orchestrator.routing.view import View


async def test_a_worker_that_appears_is_used_without_telling_the_gateway() -> None:
    async with stage(answer, poll_wait_seconds=5.0) as on:
        url = on.workers["w1"].url
        await on.announce(entry("w1", url), entry("w9", url, models=("model-new",)))
        async with on.chat(CHAT | {"model": "model-new"}) as response:
            assert (response.status, response.headers["X-Worker-Id"]) == (200, "w9")
        assert on.registry.tokens == {TOKEN}


async def test_routing_goes_on_while_the_registry_is_away_and_converges_when_it_is_back() -> None:
    async with stage(answer, answer) as on:
        port = on.registry_runner.addresses[0][1]
        await on.registry_runner.cleanup()
        await until(lambda: not on.gateway.cluster.is_connected)
        async with on.chat() as response:
            assert response.status == 200
        async with on.get("/health") as response:
            health = await response.json()
            assert (health["status"], health["registry"]["connected"]) == ("degraded", False)
        on.registry.say(entry("w2", on.workers["w2"].url), instance="two", revision=1)
        back, _ = await serve(on.registry.handle, port)
        await until(lambda: on.gateway.cluster.view.instance == "two")
        async with on.chat() as response:
            assert response.headers["X-Worker-Id"] == "w2"
        await back.cleanup()


async def test_a_registry_that_does_not_wait_is_not_asked_without_pause() -> None:
    async with stage(answer, poll_wait_seconds=0.05) as on:
        on.registry.is_hasty = True
        polls, started = on.registry.polls, time.monotonic()
        await until(lambda: on.registry.polls >= polls + 4)
        assert time.monotonic() - started >= 2 * 0.05


async def test_fresh_queue_lengths_steer_the_choice() -> None:
    async with stage(answer, answer, poll_wait_seconds=0.02) as on:
        one, two = on.workers.values()
        await on.announce(entry("w1", one.url, metrics={"waiting": 5.0}), entry("w2", two.url))
        for _ in range(4):
            async with on.chat() as response:
                assert response.headers["X-Worker-Id"] == "w2"


async def test_before_the_first_snapshot_nothing_is_called_unknown() -> None:
    async with stage(answer) as on:
        on.gateway.cluster._updated_at = None
        on.gateway.cluster.view = type(on.gateway.cluster.view)()
        async with on.chat(CHAT | {"model": "who-knows"}) as response:
            assert response.status == 503


async def test_a_bug_in_taking_over_a_view_is_told_and_does_not_end_the_watch(caplog: pytest.LogCaptureFixture) -> None:
    async with stage(answer) as on:
        bugs = iter([ValueError("a bug")])

        def listen(view: View) -> None:
            for bug in bugs:
                raise bug

        on.gateway.cluster.listeners.append(listen)
        url = on.workers["w1"].url
        on.registry.say(entry("w1", url), entry("w9", url, models=("model-new",)))
        await until(lambda: "watch_failed" in caplog.text)
        assert not on.gateway.cluster.is_connected
        await until(lambda: on.gateway.cluster.is_connected)
