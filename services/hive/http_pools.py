"""The connections a hive opens: one pool for what it relays, one for probes and heartbeats."""

from __future__ import annotations

import aiohttp

from services import relay


class HttpPools:
    """Made before the loop runs, opened when it does. Two pools, so that no burst of relayed requests delays a probe."""

    relayed: aiohttp.ClientSession
    control: aiohttp.ClientSession

    def open(self) -> None:
        """Call inside the running loop."""
        self.relayed = relay.open_session()
        self.control = relay.open_session()

    async def close(self) -> None:
        await self.relayed.close()
        await self.control.close()
