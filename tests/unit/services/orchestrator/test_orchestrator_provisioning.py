"""Provisioning: requests for an absent model wait for a limited time while a hive loads it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orchestrator_stage as stage
from aiohttp import web
from orchestrator_stage import CHAT, Stage, until

ABSENT = CHAT | {"model": "model-new"}


@dataclass
class Hive:
    """A hive that answers with the given answers, the last one repeatedly."""

    answers: list[tuple[int, dict[str, Any], dict[str, str]]]
    requested: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requested.append(request.path)
        status, body, headers = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        return web.json_response(body, status=status, headers=headers)


def loading(**changes: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    return 202, {"model": "model-new", "size_bytes": 9, "sha256": "0", "state": "downloading"} | changes, {}


def refusal(status: int, code: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    return status, {"error": {"message": f"says {code}", "type": "t", "param": "model", "code": code}}, {"Retry-After": "7"}


def play(story: Callable[[Stage, list[Hive]], Awaitable[None]], *hives: Hive, **changes: Any) -> None:
    async def on_stage() -> None:
        async with stage.stage(stage.answer, **({"provisioning": True} | changes)) as on:
            runners = [await stage.serve(hive.handle) for hive in hives]
            entries = [stage.entry(f"hive-{n}", url, kind="hive", models=()) for n, (_, url) in enumerate(runners, 1)]
            await on.announce(*entries, stage.entry("w1", on.workers["w1"].url))
            await story(on, list(hives))
            for runner, _ in runners:
                await runner.cleanup()

    asyncio.run(on_stage())


async def ask(on: Stage, body: Any = ABSENT) -> tuple[int, str, str | None]:
    async with on.chat(body) as answer:
        body = await answer.json()
        return answer.status, (body.get("error") or {}).get("code", ""), answer.headers.get("Retry-After")


def test_one_job_per_model() -> None:
    """Requests for one model share one job and succeed."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        waiting = [asyncio.create_task(ask(on)) for _ in range(3)]
        provisioner = on.gateway.provisioner
        assert provisioner
        await until(lambda: provisioner.waiting == 3 and hives[0].requested)
        assert len(provisioner._jobs) == 1
        worker = on.workers["w1"]
        await on.announce(*on.registry.snapshot.services, stage.entry("w9", worker.url, models=("model-new",)))
        assert [status for status, *_ in await asyncio.gather(*waiting)] == [200, 200, 200]
        assert set(hives[0].requested) == {"/catalogue/model-new"}
        assert (provisioner.waiting, provisioner._jobs) == (0, {})

    play(story, Hive([loading()]))


def test_slow_model() -> None:
    """A model that loads too slowly gets 503 with Retry-After."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (503, "model_loading", "2")

    play(story, Hive([loading()]), provisioning_wait_seconds=0.3)


def test_unknown_to_all_hives() -> None:
    """A model that no hive knows gets 404."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (404, "model_not_found", None)
        assert [len(hive.requested) for hive in hives] == [1, 1]
        assert (await ask(on, CHAT))[0] == 200  # A served model needs no hive.
        assert [len(hive.requested) for hive in hives] == [1, 1]

    play(story, Hive([refusal(404, "model_not_found")]), Hive([refusal(404, "not_found")]))


def test_hive_error_is_relayed() -> None:
    """The client receives the error of the hive."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (503, "model_hub_unavailable", "7")

    play(story, Hive([refusal(503, "model_hub_unavailable")]))


def test_failed_worker_ends_wait() -> None:
    """A worker that cannot run ends the wait."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        assert (await ask(on))[:2] == (503, "model_unavailable")

    play(story, Hive([loading(), loading(state="ready", code="model_unavailable", reason="worker died")]))


def test_full_hives() -> None:
    """A full hive leads to the next one, and only full hives give 507."""
    full = refusal(507, "insufficient_storage")

    async def story(on: Stage, hives: list[Hive]) -> None:
        assert (await ask(on))[:2] == (507, "insufficient_storage")
        assert [len(hive.requested) for hive in hives] == [1, 1]

    play(story, Hive([full]), Hive([full]))


def test_too_many_waiting() -> None:
    """A request above `provisioning_max_waiting` gets 503 immediately."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        first = asyncio.create_task(ask(on))
        await until(lambda: on.gateway.provisioner and on.gateway.provisioner.waiting)
        assert (await ask(on))[:2] == (503, "model_loading")
        first.cancel()

    play(story, Hive([loading()]), provisioning_max_waiting=1)


def test_disconnect_keeps_job() -> None:
    """A client disconnect does not end the job of other requests."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        provisioner = on.gateway.provisioner
        assert provisioner
        first, second = asyncio.create_task(ask(on)), asyncio.create_task(ask(on))
        await until(lambda: provisioner.waiting == 2)
        first.cancel()
        await until(lambda: provisioner.waiting == 1)
        await on.announce(*on.registry.snapshot.services, stage.entry("w9", on.workers["w1"].url, models=("model-new",)))
        assert (await second)[0] == 200

    play(story, Hive([loading()]))


def test_provisioning_off() -> None:
    """Without provisioning, no hive gets a request."""

    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (404, "model_not_found", None)
        assert hives[0].requested == []

    play(story, Hive([loading()]), provisioning=False)
