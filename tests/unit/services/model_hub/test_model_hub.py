"""The model hub over HTTP: files, ranges, checksums, injected faults, and the journal."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from services import service, wire
from services.model_hub.content import BLOCK_BYTES, Content
from services.model_hub.hub import ModelHub
from services.model_hub.journal import Journal
from services.model_hub.routes import routes
from services.model_hub.settings import ModelHubSettings, OfferSettings

TOKEN = "hub-test-token"
HEADERS = {wire.CLUSTER_TOKEN: TOKEN}
SIZE = 3 * BLOCK_BYTES + 17
WHOLE = b"".join(Content("model-x", SIZE).read(place, BLOCK_BYTES) for place in range(0, SIZE, BLOCK_BYTES))

Client = TestClient[Any, Any]
Story = Callable[[Client], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Story], None]:
    """Runs an async test body against a hub with model-x."""

    def run(story: Story) -> None:
        async def run_story() -> None:
            offer = OfferSettings(name="model-x", size_bytes=SIZE)
            settings = ModelHubSettings(name="hub", port=1, token=TOKEN, models=(offer,), data_dir=str(tmp_path))
            context = service.ServiceContext("model_hub", settings)
            hub = ModelHub(context, settings, Journal(tmp_path, "hub"))
            server = TestServer(service.application(context, hub, routes(hub), is_public=lambda path: False))
            async with TestClient(server, headers=HEADERS) as client:
                await hub.start()
                await story(client)

        asyncio.run(run_story())

    return run


async def fetch(client: Client, **headers: str) -> tuple[int, bytes, Any]:
    async with client.get("/files/model-x", headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers


async def ended(client: Client) -> list[tuple[int, int, str]]:
    lines = (await (await client.get("/admin/journal")).json())["events"]
    return [(line["start"], line["sent"], line["outcome"]) for line in lines if line["event"] == "download_ended"]


def test_checksum_matches_bytes(play: Callable[[Story], None]) -> None:
    """The checksum of a model matches its file."""

    async def story(client: Client) -> None:
        [offer] = (await (await client.get("/models")).json())["models"]
        status, body, headers = await fetch(client)
        assert (status, body) == (200, WHOLE)
        assert offer == {"model": "model-x", "size_bytes": SIZE, "sha256": hashlib.sha256(WHOLE).hexdigest()}
        assert headers["X-Checksum-Sha256"] == offer["sha256"] == headers["ETag"].strip('"')
        assert await ended(client) == [(0, SIZE, "finished")]

    play(story)


@pytest.mark.parametrize(("span", "start", "stop"), [("bytes=100-", 100, SIZE), ("bytes=65530-65540", 65530, 65541)])
def test_range(play: Callable[[Story], None], span: str, start: int, stop: int) -> None:
    """A range request returns that part of the file."""

    async def story(client: Client) -> None:
        status, body, headers = await fetch(client, Range=span)
        assert (status, body) == (206, WHOLE[start:stop])
        assert headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
        assert await ended(client) == [(start, stop - start, "finished")]

    play(story)


def test_range_of_changed_file(play: Callable[[Story], None]) -> None:
    """A range of a changed file returns the whole file, and a range past the end gives 416."""

    async def story(client: Client) -> None:
        assert (await fetch(client, **{"Range": "bytes=100-", "If-Range": '"other"'}))[:2] == (200, WHOLE)
        assert (await fetch(client, Range=f"bytes={SIZE}-"))[0] == 416

    play(story)


def test_cut(play: Callable[[Story], None]) -> None:
    """A cut happens at the exact byte and as often as injected."""

    async def story(client: Client) -> None:
        await client.post("/admin/orders", json={"cuts": 1, "cut_after_bytes": 70_000})
        received = b""
        async with client.get("/files/model-x") as answer:
            with pytest.raises(aiohttp.ClientPayloadError):
                async for piece in answer.content.iter_any():
                    received += piece
        assert received == WHOLE[:70_000]
        assert (await fetch(client))[1] == WHOLE
        assert await ended(client) == [(0, 70_000, "cut"), (0, SIZE, "finished")]

    play(story)


def test_corruption(play: Callable[[Story], None]) -> None:
    """An injected corruption changes one download only."""

    async def story(client: Client) -> None:
        await client.post("/admin/orders", json={"corrupt": 1})
        _, corrupted, _ = await fetch(client)
        assert len(corrupted) == SIZE
        assert corrupted != WHOLE
        assert (await fetch(client))[1] == WHOLE
        assert [outcome for *_, outcome in await ended(client)] == ["corrupted", "finished"]

    play(story)


def test_slow_download(play: Callable[[Story], None]) -> None:
    """A download speeds up when the rate limit is removed."""

    async def story(client: Client) -> None:
        await client.post("/admin/orders", json={"bytes_per_second": 1000})
        slow = asyncio.create_task(fetch(client))
        done, _ = await asyncio.wait({slow}, timeout=0.3)
        assert not done  # At this rate the download takes minutes.
        await client.post("/admin/orders", json={"bytes_per_second": 0})
        assert (await slow)[1] == WHOLE

    play(story)


def test_hub_down(play: Callable[[Story], None]) -> None:
    """A hub that is down gives 503 with Retry-After, and its admin API still works."""

    async def story(client: Client) -> None:
        await client.post("/admin/orders", json={"is_down": True})
        status, _, headers = await fetch(client)
        assert (status, headers[wire.RETRY_AFTER]) == (503, "1")
        assert (await client.get("/models")).status == 503
        await client.post("/admin/reset")
        assert (await fetch(client))[0] == 200

    play(story)


def test_token_and_invalid_fault(play: Callable[[Story], None]) -> None:
    """Every call needs the token, and an invalid fault gives 400."""

    async def story(client: Client) -> None:
        for path in ("/models", "/files/model-x", "/admin/journal"):
            assert (await client.get(path, headers={wire.CLUSTER_TOKEN: "wrong"})).status == 401
        answer = await client.post("/admin/orders", json={"cuts": -1})
        assert (answer.status, (await answer.json())["error"]["param"]) == (400, "cuts")
        assert (await client.get("/files/model-y")).status == 404

    play(story)


def test_replaced_files(play: Callable[[Story], None]) -> None:
    """Another edition has other bytes of the same size under the same name, and a reset brings the former ones back."""

    async def story(client: Client) -> None:
        former = (await (await client.get("/models")).json())["models"][0]
        await client.post("/admin/orders", json={"edition": 1})
        offered = (await (await client.get("/models")).json())["models"][0]
        _, body, headers = await fetch(client, Range="bytes=9-", **{"If-Range": f'"{former["sha256"]}"'})
        assert (len(body), hashlib.sha256(body).hexdigest()) == (SIZE, offered["sha256"])
        assert body != WHOLE and headers["X-Checksum-Sha256"] == offered["sha256"]
        await client.post("/admin/reset")
        assert (await fetch(client))[1] == WHOLE

    play(story)
