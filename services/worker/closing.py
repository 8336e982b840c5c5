"""Closes kept-alive connections at their next request. It simulates the race between a client and a server's keep-alive limit."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from aiohttp import web

from services.worker import faults


class ClosingConnections:
    """Allows `requests_per_connection` requests per connection (0: unlimited). It aborts the connection at the next one, unread."""

    def __init__(self, requests_per_connection: int) -> None:
        self._limit = requests_per_connection
        # Weak keys, because a strong key would keep each closed connection in memory.
        self._carried: WeakKeyDictionary[asyncio.BaseProtocol, int] = WeakKeyDictionary()

    async def must_be_open(self, request: web.Request) -> None:
        """Abort the connection at its limit. In that case it never returns."""
        if not self._limit or request.transport is None:
            return
        carried = self._carried.get(request.protocol, 0)
        if carried >= self._limit:
            # Unread and unanswered, so a relay cannot know whether the request was processed (RFC 9112 section 9.3.1).
            request.transport.abort()
            await faults.hang()
        self._carried[request.protocol] = carried + 1
