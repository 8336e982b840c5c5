"""Bodies of clients: packed ones arrive unpacked, broken and late ones not at all."""

from __future__ import annotations

import asyncio
import gzip
import json

from orchestrator_stage import CHAT, KEY, answer, refuse, stage

PACKED = {"Content-Encoding": "gzip", "Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
PATH = "/v1/chat/completions"


async def test_a_packed_body_reaches_the_worker_unpacked_and_says_so() -> None:
    async with stage(answer) as on:
        async with on.client.post(on.url + PATH, data=gzip.compress(json.dumps(CHAT).encode()), headers=PACKED) as response:
            assert response.status == 200
        [(request, body)] = on.workers["w1"].requests
        assert json.loads(body) == CHAT
        assert "Content-Encoding" not in request.headers


async def test_a_body_that_is_not_packed_as_it_says_is_400() -> None:
    async with stage(answer) as on:
        async with on.client.post(on.url + PATH, data=b"{}{}", headers=PACKED) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (400, "invalid_request")
        assert on.hits() == 0


async def test_a_body_that_comes_too_slowly_is_400_and_one_that_comes_in_time_is_not() -> None:
    async def slowly(pause: float) -> object:
        for piece in (b'{"model": "model-a", ', b'"messages": [{"role": "user", "content": "hi"}]}'):
            yield piece
            await asyncio.sleep(pause)

    async with stage(answer, body_seconds=0.2) as on:
        headers = {"Authorization": f"Bearer {KEY}"}
        for pause, status in {0.02: 200, 0.3: 400}.items():
            async with on.client.post(on.url + PATH, data=slowly(pause), headers=headers) as response:
                assert response.status == status
        assert on.hits() == 1


async def test_a_worker_s_408_and_409_come_out_as_errors_nobody_repeats() -> None:
    for status, told in {408: 504, 409: 502}.items():
        async with stage(refuse(status)) as on, on.chat() as response:
            assert (response.status, response.headers["X-Should-Retry"]) == (told, "false")
