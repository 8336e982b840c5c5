"""Stops the hives, and thereby their workers, when the gateway stops with `shutdown_scope = "cascade"`. Stops no registry."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import aiohttp
from yarl import URL

from services import logs, wire

log = logging.getLogger(__name__)

PROBE_SECONDS = 0.05
REQUEST_SECONDS = 5.0


async def stop_hives(session: aiohttp.ClientSession, hives: Iterable[wire.ServiceEntry], token: str, deadline_seconds: float) -> None:
    """Send each hive a stop request and wait until its port refuses connections, at most `deadline_seconds`. Logs errors, raises none."""
    await asyncio.gather(*(_stop(session, hive, token, deadline_seconds) for hive in hives))


async def _stop(session: aiohttp.ClientSession, hive: wire.ServiceEntry, token: str, deadline_seconds: float) -> None:
    try:
        async with asyncio.timeout(deadline_seconds):
            await _request_stop(session, hive, token)
            # `/stop` answers before the hive has stopped, so only a closed port proves the stop.
            await _until_refused(URL(hive.url))
        logs.event(log, "hive_stopped", hive=hive.id)
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        logs.event(log, "hive_not_stopped", level=logging.ERROR, hive=hive.id, url=hive.url, error=f"{type(error).__name__}: {error}")


async def _request_stop(session: aiohttp.ClientSession, hive: wire.ServiceEntry, token: str) -> None:
    limit = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with session.post(f"{hive.url}/stop", headers={wire.CLUSTER_TOKEN: token}, timeout=limit) as response:
        if response.status >= 300:
            raise aiohttp.ClientError(f"expected 202 from {hive.url}/stop, actual {response.status}")


async def _until_refused(url: URL) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(url.host, url.port)
        except OSError:
            return  # The port refuses, or (in Docker) the host name no longer resolves.
        writer.close()
        await asyncio.sleep(PROBE_SECONDS)
