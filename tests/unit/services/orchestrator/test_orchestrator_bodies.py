"""Client bodies: compressed, broken and late."""

from __future__ import annotations

import asyncio
import gzip
import json

from orchestrator_stage import CHAT, KEY, answer, refuse, stage

COMPRESSED = {"Content-Encoding": "gzip", "Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
PATH = "/v1/chat/completions"


async def test_body_is_decompressed() -> None:
    """The worker receives a compressed body decompressed and without Content-Encoding."""
    async with stage(answer) as on:
        async with on.client.post(on.url + PATH, data=gzip.compress(json.dumps(CHAT).encode()), headers=COMPRESSED) as response:
            assert response.status == 200
        [(request, body)] = on.workers["w1"].requests
        assert json.loads(body) == CHAT
        assert "Content-Encoding" not in request.headers


async def test_body_wrong_encoding() -> None:
    """A body that contradicts its Content-Encoding gets 400 and reaches no worker."""
    async with stage(answer) as on:
        async with on.client.post(on.url + PATH, data=b"{}{}", headers=COMPRESSED) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (400, "invalid_request")
        assert on.hits() == 0


async def test_body_timeout() -> None:
    """A body that arrives too slowly gets 400, and one in time gets 200."""

    async def slowly(pause: float) -> object:
        body = json.dumps(CHAT).encode()
        for piece in (body[:20], body[20:]):
            yield piece
            await asyncio.sleep(pause)

    async with stage(answer, body_seconds=0.2) as on:
        headers = {"Authorization": f"Bearer {KEY}"}
        for pause, status in {0.02: 200, 0.3: 400}.items():
            async with on.client.post(on.url + PATH, data=slowly(pause), headers=headers) as response:
                assert response.status == status
        assert on.hits() == 1


async def test_worker_408_409_not_retried() -> None:
    """A 408 or 409 of a worker becomes an error that clients do not retry."""
    for status, expected in {408: 504, 409: 502}.items():
        async with stage(refuse(status)) as on, on.chat() as response:
            assert (response.status, response.headers["X-Should-Retry"]) == (expected, "false")
