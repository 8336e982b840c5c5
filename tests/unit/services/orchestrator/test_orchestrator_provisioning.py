"""Requests for a model that nobody serves: they wait together while a hive brings it, for a bounded time."""

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
    """Answers every wish with what it is told to."""

    answers: list[tuple[int, dict[str, Any], dict[str, str]]]
    asked: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
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
        told = await answer.json()
        return answer.status, (told.get("error") or {}).get("code", ""), answer.headers.get("Retry-After")


def test_requests_wait_for_the_model_and_are_served_by_one_errand() -> None:
    async def story(on: Stage, hives: list[Hive]) -> None:
        waiting = [asyncio.create_task(ask(on)) for _ in range(3)]
        provisioner = on.gateway.provisioner
        assert provisioner
        await until(lambda: provisioner.waiting == 3 and hives[0].asked)
        assert len(provisioner._jobs) == 1
        worker = on.workers["w1"]
        await on.announce(*on.registry.snapshot.services, stage.entry("w9", worker.url, models=("model-new",)))
        assert [status for status, *_ in await asyncio.gather(*waiting)] == [200, 200, 200]
        assert set(hives[0].asked) == {"/catalogue/model-new"}
        assert (provisioner.waiting, provisioner._jobs) == (0, {})

    play(story, Hive([loading()]))


def test_a_model_that_takes_too_long_is_503_and_told_when_to_come_back() -> None:
    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (503, "model_loading", "2")

    play(story, Hive([loading()]), provisioning_wait_seconds=0.3)


def test_a_model_that_no_hive_knows_does_not_exist() -> None:
    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (404, "model_not_found", None)
        assert [len(hive.asked) for hive in hives] == [1, 1]
        assert (await ask(on, CHAT))[0] == 200  # what is served is not asked for
        assert [len(hive.asked) for hive in hives] == [1, 1]

    play(story, Hive([refusal(404, "model_not_found")]), Hive([refusal(404, "not_found")]))


def test_what_a_hive_cannot_do_is_passed_on_as_it_says_it() -> None:
    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (503, "model_hub_unavailable", "7")

    play(story, Hive([refusal(503, "model_hub_unavailable")]))


def test_a_worker_that_cannot_run_ends_the_wait() -> None:
    async def story(on: Stage, hives: list[Hive]) -> None:
        assert (await ask(on))[:2] == (503, "model_unavailable")

    play(story, Hive([loading(), loading(state="ready", code="model_unavailable", reason="worker died")]))


def test_without_room_at_one_hive_another_is_asked_and_with_none_anywhere_it_is_507() -> None:
    full = refusal(507, "insufficient_storage")

    async def story(on: Stage, hives: list[Hive]) -> None:
        assert (await ask(on))[:2] == (507, "insufficient_storage")
        assert [len(hive.asked) for hive in hives] == [1, 1]

    play(story, Hive([full]), Hive([full]))


def test_more_than_may_wait_are_turned_away_at_once() -> None:
    async def story(on: Stage, hives: list[Hive]) -> None:
        first = asyncio.create_task(ask(on))
        await until(lambda: on.gateway.provisioner and on.gateway.provisioner.waiting)
        assert (await ask(on))[:2] == (503, "model_loading")
        first.cancel()

    play(story, Hive([loading()]), provisioning_max_waiting=1)


def test_a_client_that_leaves_does_not_end_what_others_wait_for() -> None:
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


def test_without_provisioning_nobody_is_asked() -> None:
    async def story(on: Stage, hives: list[Hive]) -> None:
        assert await ask(on) == (404, "model_not_found", None)
        assert hives[0].asked == []

    play(story, Hive([loading()]), provisioning=False)
