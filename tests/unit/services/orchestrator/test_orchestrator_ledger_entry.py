"""The ledger rows of requests: each end is recorded before the client has the last byte. Clients read only their own totals."""

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
from orchestrator_stage import (
    CHAT,
    DONE,
    KEY,
    NARROW_KEY,
    STREAM,
    TOKEN,
    Behaviour,
    Stage,
    answer,
    hang,
    refuse,
    reset,
    stage,
    stream,
    until,
)

from services import wire
from services.orchestrator.usage.ledger import FILE_NAME

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


T0, T1 = (event({"choices": [{"delta": {"content": text}}]}) for text in ("t0 ", "t1 "))
EXTRA = event({"choices": [], "usage": USAGE})
COLUMNS = ("prompt_tokens", "completion_tokens", "estimated", "status", "outcome", "attempts")


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
    """The COLUMNS of the only row in the ledger."""
    (row,) = await rows(on)
    return tuple(row[name] for name in COLUMNS)


async def taken(on: Stage, body: Any = STREAM, **options: Any) -> bytes:
    """The bytes that the client receives before the end or a cut."""
    received = b""
    async with on.chat(body, **options) as response:
        try:
            async for chunk in response.content.iter_any():
                received += chunk
        except aiohttp.ClientPayloadError:
            pass
    return received


async def test_row_fields() -> None:
    """A ledger row contains request id, key, tenant, model, worker and path."""
    async with stage(unary(usage=USAGE)) as on:
        async with on.chat(headers={"X-Request-Id": "mine"}) as response:
            await response.read()
        (row,) = await rows(on)
    expected = {"request_id": "mine", "key": "alice", "tenant": "acme", "model": "model-a", "worker": "w1", "path": "/v1/chat/completions"}
    assert {name: row[name] for name in expected} == expected
    assert row["at"] > 1e9 and row["seconds"] > 0


@pytest.mark.parametrize(
    ("behaviour", "body", "expected"),
    [
        (unary(usage=USAGE), CHAT, (5, 2, False, 200, "ok", 1)),
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
async def test_row_for_each_end(behaviour: Behaviour, body: Any, expected: tuple[Any, ...]) -> None:
    """Every kind of end is recorded with the known tokens, status and outcome."""
    async with stage(behaviour) as on:
        await taken(on, body)
        assert await only(on) == expected


async def test_stream_recorded_before_done() -> None:
    """The ledger settles a stream before the client has the end marker."""
    more = asyncio.Event()

    async def lingering(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(T0 + EXTRA + DONE)
        await more.wait()
        return response

    async with stage(lingering) as on:
        async with on.chat(STREAM) as response:
            received = b""
            while not received.endswith(DONE):
                received += await response.content.readany()
            assert (received, await only(on)) == (T0 + DONE, (5, 2, False, 200, "ok", 1))
            more.set()
        assert await only(on) == (5, 2, False, 200, "ok", 1)


async def test_answer_recorded_before_last_byte() -> None:
    """The ledger settles a large answer before its last byte."""

    async def large(_: web.Request) -> web.StreamResponse:
        return web.json_response({"filling": "x" * 3_000_000, "usage": USAGE})

    async with stage(large) as on:
        for _ in range(3):
            async with on.chat() as response:
                length, received = int(response.headers["Content-Length"]), 0
                while received < length:
                    received += len(await response.content.readany())
                assert (await rows(on))[-1]["outcome"] == "ok"
        assert [row["completion_tokens"] for row in await rows(on)] == [2, 2, 2]


async def test_retry_is_one_row() -> None:
    """A retried request is one row, with the worker that answered."""
    async with stage(refuse(503), unary(usage=USAGE)) as on:
        await taken(on, CHAT)
        await taken(on, CHAT)
        assert sorted((row["worker"], row["attempts"], row["completion_tokens"]) for row in await rows(on)) == [("w2", 1, 2), ("w2", 2, 2)]


async def test_rejected_request_not_recorded() -> None:
    """A request that reached no worker has no row."""
    async with stage(answer) as on:
        for body, options in [(CHAT | {"model": "model-x"}, {}), ({}, {}), (CHAT, {"key": "sk-wrong"})]:
            async with on.chat(body, **options) as response:
                assert response.status in (400, 401, 404)
        assert await rows(on) == []


async def test_disconnect_records_relayed_tokens() -> None:
    """A client disconnect in mid-stream records the relayed tokens."""
    async with stage(stream(T0, T1, then="stall")) as on:
        async with on.chat(STREAM) as response:
            received = b""
            while received != T0 + T1:
                received += await response.content.readany()
            assert await only(on) == (0, 0, True, 0, None, 1)
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        assert await only(on) == (1, 2, True, 499, "client_gone", 1)


async def test_disconnect_before_first_byte() -> None:
    """A client disconnect before the first byte records no tokens."""
    async with stage(hang) as on:
        with pytest.raises(TimeoutError):
            async with on.chat(timeout=aiohttp.ClientTimeout(total=0.1)):
                pass
        await until(lambda: on.gateway.recorder.in_flight.total == 0)
        assert await only(on) == (0, 0, True, 499, "client_gone", 1)


async def test_running_stream_recorded() -> None:
    """The ledger records the tokens of a running stream periodically."""
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
        received = 0
        while received < 20 * len(T0):
            received += len(await response.content.readany())
        (row,) = await rows(on)
        assert (row["outcome"], row["prompt_tokens"]) == (None, 1)
        assert 5 <= row["completion_tokens"] <= sent


async def test_worker_gets_include_usage() -> None:
    """The worker receives include_usage and no Accept-Encoding for compression."""
    async with stage(stream(T0, EXTRA, DONE)) as on:
        assert await taken(on, STREAM | {"x": 1.5}, headers={"Accept-Encoding": "gzip"}) == T0 + DONE
        request, body = on.workers["w1"].requests[0]
        assert json.loads(body) == STREAM | {"x": 1.5, "stream_options": {"include_usage": True}}
        assert request.headers["Accept-Encoding"] == "identity"


async def test_client_gets_requested_usage() -> None:
    """A client that requests the usage event receives it."""
    async with stage(stream(T0, EXTRA, DONE)) as on:
        asking = STREAM | {"stream_options": {"include_usage": True}}
        assert await taken(on, asking) == T0 + EXTRA + DONE
        assert json.loads(on.workers["w1"].requests[0][1]) == asking


async def test_locked_ledger_keeps_serving() -> None:
    """While the ledger is locked, requests succeed and are recorded afterwards."""
    async with stage(unary(usage=USAGE)) as on:
        path = Path(on.gateway.settings.data_dir) / FILE_NAME
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for _ in range(3):
                assert await taken(on, CHAT)
            async with on.get("/health") as response:
                report = await response.json()
            assert (report["status"], report["ledger"]) == ("degraded", {"error": "database is locked", "unwritten": 3})
            other.execute("ROLLBACK")
        await until(lambda: on.gateway.recorder.ledger.error is None)
        assert [row["outcome"] for row in await rows(on)] == ["ok"] * 3
        async with on.get("/health") as response:
            assert (await response.json())["status"] == "healthy"


async def test_full_ledger_refuses() -> None:
    """Too many unwritten rows give 503 with Retry-After."""
    async with stage(unary(usage=USAGE), ledger_max_unwritten=2) as on:
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


async def test_operator_totals() -> None:
    """Operators get the totals of all clients and need the cluster token."""
    async with stage(unary(usage=USAGE), stream(T0, EXTRA, DONE)) as on:
        for _ in range(2):
            await taken(on, CHAT)
        async with on.get("/api/usage?by=worker") as response:
            report = await response.json()
        assert [(line["worker"], line["requests"], line["total_tokens"]) for line in report["totals"]] == [("w1", 1, 7), ("w2", 1, 7)]
        assert (report["by"], report["unwritten"]) == (["worker"], 0)
        async with on.get("/api/usage", **{wire.CLUSTER_TOKEN.replace("-", "_"): "wrong" + TOKEN}) as response:
            assert response.status == 401


async def test_client_totals() -> None:
    """A client gets only its own totals."""
    async with stage(unary(usage=USAGE)) as on:
        await on.announce(*(entry for entry in on.registry.snapshot.services))
        await taken(on, CHAT)
        totals = {}
        for key in (KEY, NARROW_KEY):
            async with on.get("/v1/usage?by=key", Authorization=f"Bearer {key}") as response:
                totals[key] = [(line["key"], line["total_tokens"]) for line in (await response.json())["totals"]]
        assert totals == {KEY: [("alice", 7)], NARROW_KEY: []}
        async with on.get("/v1/usage") as response:
            assert response.status == 401


@pytest.mark.parametrize("query", ["since=yesterday", "until=-1", "by=colour", "since=9999999999"])
async def test_bad_query(query: str) -> None:
    """A malformed query gets 400 with the name of its parameter."""
    async with stage(answer) as on, on.get(f"/api/usage?{query}") as response:
        report = await response.json()
        assert (response.status, report["error"]["param"]) == (400, query.partition("=")[0])


async def test_client_cannot_group_by_worker() -> None:
    """Clients cannot group their usage by worker."""
    async with stage(answer) as on, on.get("/v1/usage?by=worker", Authorization=f"Bearer {KEY}") as response:
        assert response.status == 400


async def test_unreadable_ledger() -> None:
    """An unreadable ledger gives 503 with Retry-After."""
    async with stage(answer) as on:
        await on.gateway.ledger_maintenance.stop()
        on.gateway.recorder.ledger.close()
        (Path(on.gateway.settings.data_dir) / FILE_NAME).write_bytes(b"no database" * 1000)
        async with on.get("/api/usage") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
