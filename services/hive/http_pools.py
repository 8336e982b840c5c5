"""The connection pools of a hive: one for relayed requests, one for probes, heartbeats and the model hub."""

from __future__ import annotations

import aiohttp

from services import relay


class HttpPools:
    """Two pools, so that a burst of relayed requests does not delay a probe. `open` needs the running event loop."""

    relayed: aiohttp.ClientSession
    control: aiohttp.ClientSession

    def open(self) -> None:
        """Call it inside the running event loop."""
        self.relayed = relay.open_session()
        self.control = relay.open_session()

    async def close(self) -> None:
        await self.relayed.close()
        await self.control.close()
