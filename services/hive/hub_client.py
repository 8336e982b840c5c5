"""Client of the model hub: its list of models, and a file from a given byte on. It neither caches nor retries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from yarl import URL

from services import wire
from services.hive.http_pools import HttpPools

LISTING_SECONDS = 2.0
CONNECT_SECONDS = 2.0
PIECE_BYTES = 64 * 1024
MAX_RETRY_AFTER_SECONDS = 60.0  # A wrong Retry-After must not stop a download for hours.


class HubError(Exception):
    """A hub request failed. `retry_after_seconds` is the hub's Retry-After, or 0."""

    def __init__(self, message: str, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class HubClient:
    """Every method raises HubError."""

    def __init__(self, pools: HttpPools, url: str, token: str, stall_seconds: float) -> None:
        self.url = url
        self._pools = pools
        self._headers = {wire.CLUSTER_TOKEN: token}
        self._limit = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=stall_seconds)

    async def listing(self) -> tuple[wire.HubModel, ...]:
        """All models of the hub."""
        try:
            limit = aiohttp.ClientTimeout(total=LISTING_SECONDS)
            async with self._pools.control.get(f"{self.url}/models", headers=self._headers, timeout=limit) as response:
                body = await response.read()
                _must_be(response, 200)
                return msgspec.json.decode(body, type=wire.HubModels).models
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise HubError(f"{self.url}: {error or type(error).__name__}") from None

    @asynccontextmanager
    async def file(self, model: wire.HubModel, start: int) -> AsyncIterator[tuple[int, AsyncIterator[bytes]]]:
        """The offset of the first byte, and the bytes. The offset is 0 if the hub has a different file by now, else `start`."""
        # If-Range makes a hub with a changed file send it from its first byte (RFC 9110 section 13.1.5).
        headers = self._headers | ({"Range": f"bytes={start}-", "If-Range": f'"{model.sha256}"'} if start else {})
        url = URL(self.url) / "files" / model.model
        try:
            async with self._pools.control.get(url, headers=headers, timeout=self._limit) as response:
                _must_be(response, 200, 206)
                yield start if response.status == 206 else 0, _pieces(response)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise HubError(f"{self.url}: {error or type(error).__name__}") from None


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for piece in response.content.iter_chunked(PIECE_BYTES):
        yield piece


def _must_be(response: aiohttp.ClientResponse, *expected: int) -> None:
    if response.status not in expected:
        retry_after = response.headers.get(wire.RETRY_AFTER, "")
        seconds = min(float(retry_after), MAX_RETRY_AFTER_SECONDS) if retry_after.isdigit() else 0.0
        raise HubError(f"{response.url} answered {response.status}", seconds)
