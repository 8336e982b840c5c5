"""Follows the registry by long polls and updates the cluster. Retries for ever after an error."""

from __future__ import annotations

import asyncio
import logging
import time

import aiohttp
import msgspec

from services import logs, wire
from services.orchestrator.routing.cluster import Cluster

log = logging.getLogger(__name__)

BACKOFF_FIRST_SECONDS = 0.1
BACKOFF_MAX_SECONDS = 1.0
ANSWER_SECONDS = 2.0  # In addition to the requested wait of the long poll.

_SNAPSHOT = msgspec.json.Decoder(wire.ServiceList)


class RegistryUnreadable(Exception):
    """The answer of the registry was no snapshot."""


class Watcher:
    """Watches one registry for one cluster."""

    def __init__(self, cluster: Cluster, registry_url: str, token: str, wait_seconds: float) -> None:
        self._cluster = cluster
        self._url = f"{registry_url}/services"
        self._token = token
        self._wait_seconds = wait_seconds

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Poll until cancelled."""
        backoff_seconds = BACKOFF_FIRST_SECONDS
        while True:
            try:
                await self._step(session)
                backoff_seconds = BACKOFF_FIRST_SECONDS
            except (aiohttp.ClientError, TimeoutError, OSError, RegistryUnreadable, msgspec.MsgspecError) as error:
                if self._cluster.is_connected or self._cluster.age_seconds(time.monotonic()) is None:
                    logs.event(log, "registry_lost", level=logging.WARNING, error=f"{type(error).__name__}: {error}")
                self._cluster.lost()
                await asyncio.sleep(backoff_seconds)
                backoff_seconds = min(2 * backoff_seconds, BACKOFF_MAX_SECONDS)
            except Exception:
                # A bug in the gateway. Without this handler it would route by an old view for ever, and log nothing.
                log.exception("watch_failed")
                self._cluster.lost()
                await asyncio.sleep(BACKOFF_MAX_SECONDS)

    async def _step(self, session: aiohttp.ClientSession) -> None:
        before, was_connected, started = self._cluster.view, self._cluster.is_connected, time.monotonic()
        snapshot = await self._poll(session)
        now = time.monotonic()
        self._cluster.apply(snapshot, now)
        is_news = (snapshot.instance, snapshot.revision) != (before.instance, before.revision)
        if is_news or not was_connected:
            workers = len(self._cluster.view.workers)
            logs.event(log, "view_changed", instance=snapshot.instance, revision=snapshot.revision, workers=workers)
        else:
            # A registry that answers a long poll immediately would otherwise cause a busy loop.
            await asyncio.sleep(max(0.0, started + self._wait_seconds - now))

    async def _poll(self, session: aiohttp.ClientSession) -> wire.ServiceList:
        view = self._cluster.view
        query = {"status": "all"}
        # After a connection loss, the first poll must not wait: the view can be old.
        wait_seconds = self._wait_seconds if self._cluster.is_connected else 0.0
        if wait_seconds:
            query |= {"since": str(view.revision), "instance": view.instance, "wait": str(wait_seconds)}
        limit = aiohttp.ClientTimeout(total=wait_seconds + ANSWER_SECONDS)
        async with session.get(self._url, params=query, headers={wire.CLUSTER_TOKEN: self._token}, timeout=limit) as response:
            body = await response.read()
            if response.status != 200:
                raise RegistryUnreadable(f"expected 200 from {self._url}, actual {response.status}")
            return _SNAPSHOT.decode(body)
