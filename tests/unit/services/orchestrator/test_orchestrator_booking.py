"""What a client request costs is in the ledger when its client has the last byte, whatever way it ended; and a client sees its own only."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from orchestrator_stage import CHAT, KEY, NARROW_KEY, TOKEN, Behaviour, Stage, answer, hang, refuse, reset, stage, stream, until

from services import wire
from services.orchestrator.usage.ledger import FILE_NAME

STREAM = CHAT | {"stream": True}
SAID = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


T0, T1 = (event({"choices": [{"delta": {"content": text}}]}) for text in ("t0 ", "t1 "))
EXTRA, DONE = event({"choices": [], "usage": SAID}), b"data: [DONE]\n\n"
TOLD = ("prompt_tokens", "completion_tokens", "estimated", "status", "outcome", "attempts")


def unary(**body: Any) -> Behaviour:
    async def behaviour(_: web.Request) -> web.StreamResponse:
        return web.json_response({"choices": [{"message": {"content": "t0 t1 "}}]} | body)

    return behaviour


async def rows(on: Stage) -> list[dict[str, Any]]:
    async with on.get("/api/usage/requests") as response:
        assert response.status == 200, await response.text()
        found: list[dict[str, Any]] = (await response.json())["requests"]
    return found


async def only(on: Stage) -> tuple[Any, ...]:
    """What is told of the only request in the ledger."""
    (row,) = await rows(on)
    return tuple(row[name] for name in TOLD)


async def taken(on: Stage, body: Any = STREAM, **options: Any) -> bytes:
    """What a client gets before a clean end or a cut."""
    got = b""
    async with on.chat(body, **options) as response:
        try:
            async for chunk in response.content.iter_any():
                got += chunk
        except aiohttp.ClientPayloadError:
            pass
    return got


async def test_a_row_says_whose_request_it_was_and_where_it_went() -> None:
    async with stage(unary(usage=SAID)) as on:
        async with on.chat(headers={"X-Request-Id": "mine"}) as response:
            await response.read()
        (row,) = await rows(on)
    wanted = {"request_id": "mine", "key": "alice", "tenant": "acme", "model": "model-a", "worker": "w1", "path": "/v1/chat/completions"}
    assert {name: row[name] for name in wanted} == wanted
    assert row["at"] > 1e9 and row["seconds"] > 0


@pytest.mark.parametrize(
    ("behaviour", "body", "told"),
    [
        (unary(usage=SAID), CHAT, (5, 2, False, 200, "ok", 1)),
        (unary(), CHAT, (1, 2, True, 200, "ok", 1)),
        (stream(T0, T1, EXTRA, DONE), STREAM, (5, 2, False, 200, "ok", 1)),
        (stream(T0, T1, DONE), STREAM, (1, 2, True, 200, "ok", 1)),
        (stream(T0, T1), STREAM, (1, 2, True, 200, "upstream_broke", 1)),
        (stream(T0, then="reset"), STREAM, (1, 1, True, 200, "upstream_broke", 1)),
        (stream(T0, EXTRA, then="reset"), STREAM, (5, 2, False, 200, "upstream_broke", 1)),
        (refuse(400), CHAT, (0, 0, False, 400, "error", 1)),
        (reset, CHAT, (0, 0, False, 502, "error", 1)),
    ],
)
async def test_every_end_is_booked_with_what_is_known_of_it(behaviour: Behaviour, body: Any, told: tuple[Any, ...]) -> None:
    async with stage(behaviour) as on:
        await taken(on, body)
        assert await only(on) == told


async def test_a_stream_is_booked_before_its_client_has_the_end_marker() -> None:
    more = asyncio.Event()

    async def lingering(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(T0 + EXTRA + DONE)
        await more.wait()
        return response

    async with stage(lingering) as on:
        async with on.chat(STREAM) as response:
            got = b""
            while not got.endswith(DONE):
                got += await response.content.readany()
            assert (got, await only(on)) == (T0 + DONE, (5, 2, False, 200, "ok", 1))
            more.set()
        assert await only(on) == (5, 2, False, 200, "ok", 1)


async def test_a_large_answer_is_booked_before_its_last_byte() -> None:
    async def large(_: web.Request) -> web.StreamResponse:
        return web.json_response({"filling": "x" * 3_000_000, "usage": SAID})

    async with stage(large) as on:
        for _ in range(3):
            async with on.chat() as response:
                length, got = int(response.headers["Content-Length"]), 0
                while got < length:
                    got += len(await response.content.readany())
                assert (await rows(on))[-1]["outcome"] == "ok"
        assert [row["completion_tokens"] for row in await rows(on)] == [2, 2, 2]


async def test_a_retried_request_is_one_row_of_the_worker_that_answered() -> None:
    async with stage(refuse(503), unary(usage=SAID)) as on:
        await taken(on, CHAT)
        await taken(on, CHAT)
        assert sorted((row["worker"], row["attempts"], row["completion_tokens"]) for row in await rows(on)) == [("w2", 1, 2), ("w2", 2, 2)]


async def test_a_request_that_no_worker_got_is_not_booked() -> None:
    async with stage(answer) as on:
        for body, options in [(CHAT | {"model": "model-x"}, {}), ({}, {}), (CHAT, {"key": "sk-wrong"})]:
            async with on.chat(body, **options) as response:
                assert response.status in (400, 401, 404)
        assert await rows(on) == []


async def test_a_client_that_leaves_in_mid_stream_is_booked_with_what_was_relayed() -> None:
    async with stage(stream(T0, T1, then="stall")) as on:
        async with on.chat(STREAM) as response:
            got = b""
            while got != T0 + T1:
                got += await response.content.readany()
            assert await only(on) == (0, 0, True, 0, None, 1)
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        assert await only(on) == (1, 2, True, 499, "client_gone", 1)


async def test_a_client_that_leaves_before_any_byte_is_booked_with_nothing() -> None:
    async with stage(hang) as on:
        with pytest.raises(TimeoutError):
            async with on.chat(timeout=aiohttp.ClientTimeout(total=0.1)):
                pass
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        assert await only(on) == (0, 0, True, 499, "client_gone", 1)


async def test_what_a_running_stream_has_cost_is_noted_now_and_then() -> None:
    sent = 0

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        nonlocal sent
        while True:
            sent += 1
            await response.write(T0)
            await asyncio.sleep(0.01)

    async with stage(slow, ledger_note_seconds=0.05) as on, on.chat(STREAM) as response:
        got = 0
        while got < 20 * len(T0):
            got += len(await response.content.readany())
        (row,) = await rows(on)
        assert (row["outcome"], row["prompt_tokens"]) == (None, 1)
        assert 5 <= row["completion_tokens"] <= sent


async def test_the_worker_is_asked_for_the_usage_and_for_nothing_compressed() -> None:
    async with stage(stream(T0, EXTRA, DONE)) as on:
        assert await taken(on, STREAM | {"x": 1.5}, headers={"Accept-Encoding": "gzip"}) == T0 + DONE
        request, body = on.workers["w1"].requests[0]
        assert json.loads(body) == STREAM | {"x": 1.5, "stream_options": {"include_usage": True}}
        assert request.headers["Accept-Encoding"] == "identity"


async def test_a_client_that_asks_for_the_usage_gets_it() -> None:
    async with stage(stream(T0, EXTRA, DONE)) as on:
        asking = STREAM | {"stream_options": {"include_usage": True}}
        assert await taken(on, asking) == T0 + EXTRA + DONE
        assert json.loads(on.workers["w1"].requests[0][1]) == asking


async def test_serving_goes_on_while_the_ledger_is_locked_and_all_is_booked_afterwards() -> None:
    async with stage(unary(usage=SAID)) as on:
        path = Path(on.gateway.settings.data_dir) / FILE_NAME
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                assert await taken(on, CHAT)
            async with on.get("/health") as response:
                told = await response.json()
            assert (told["status"], told["ledger"]) == ("degraded", {"error": "database is locked", "unwritten": 3})
            other.execute("ROLLBACK")
        await until(lambda: on.gateway.recorder.ledger.error is None)
        assert [row["outcome"] for row in await rows(on)] == ["ok"] * 3
        async with on.get("/health") as response:
            assert (await response.json())["status"] == "healthy"


async def test_too_many_requests_that_cannot_be_booked_are_refused_with_retry_after() -> None:
    async with stage(unary(usage=SAID), ledger_max_unwritten=2) as on:
        path = Path(on.gateway.settings.data_dir) / FILE_NAME
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            statuses = []
            for _ in range(3):
                async with on.chat() as response:
                    statuses.append((response.status, response.headers.get("Retry-After")))
            other.execute("ROLLBACK")
        assert statuses == [(200, None), (200, None), (503, "1")]
        await until(lambda: not on.gateway.recorder.ledger.is_full)
        async with on.chat() as response:
            assert response.status == 200


async def test_operators_see_the_totals_of_everybody_and_need_the_token() -> None:
    async with stage(unary(usage=SAID), stream(T0, EXTRA, DONE)) as on:
        for _ in range(2):
            await taken(on, CHAT)
        async with on.get("/api/usage?by=worker") as response:
            told = await response.json()
        assert [(line["worker"], line["requests"], line["total_tokens"]) for line in told["totals"]] == [("w1", 1, 7), ("w2", 1, 7)]
        assert (told["by"], told["unwritten"]) == (["worker"], 0)
        async with on.get("/api/usage", **{wire.CLUSTER_TOKEN.replace("-", "_"): "wrong" + TOKEN}) as response:
            assert response.status == 401


async def test_clients_see_the_totals_of_their_own() -> None:
    async with stage(unary(usage=SAID)) as on:
        await on.announce(*(entry for entry in on.registry.snapshot.services))
        await taken(on, CHAT)
        seen = {}
        for key in (KEY, NARROW_KEY):
            async with on.get("/v1/usage?by=key", Authorization=f"Bearer {key}") as response:
                seen[key] = [(line["key"], line["total_tokens"]) for line in (await response.json())["totals"]]
        assert seen == {KEY: [("alice", 7)], NARROW_KEY: []}
        async with on.get("/v1/usage") as response:
            assert response.status == 401


@pytest.mark.parametrize("query", ["since=yesterday", "until=-1", "by=colour", "since=9999999999"])
async def test_a_question_that_is_none_is_refused_naming_the_parameter(query: str) -> None:
    async with stage(answer) as on, on.get(f"/api/usage?{query}") as response:
        told = await response.json()
        assert (response.status, told["error"]["param"]) == (400, query.partition("=")[0])


async def test_clients_may_not_group_by_workers() -> None:
    async with stage(answer) as on, on.get("/v1/usage?by=worker", Authorization=f"Bearer {KEY}") as response:
        assert response.status == 400


async def test_a_ledger_that_cannot_be_read_is_told_with_retry_after() -> None:
    async with stage(answer) as on:
        await on.gateway.ledger_maintenance.stop()
        on.gateway.recorder.ledger.close()
        (Path(on.gateway.settings.data_dir) / FILE_NAME).write_bytes(b"no database" * 1000)
        async with on.get("/api/usage") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
