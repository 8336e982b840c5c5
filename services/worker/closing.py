"""Connections that end just as they are used again: what a client meets that loses the race against a server's keep-alive limit."""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from aiohttp import web

from services.worker import faults


class ClosingConnections:
    """Each connection carries `requests_per_connection` requests (0: any number); the next one is cut off unread, as if never come."""

    def __init__(self, requests_per_connection: int) -> None:
        self._limit = requests_per_connection
        self._carried: WeakKeyDictionary[asyncio.BaseProtocol, int] = WeakKeyDictionary()

    async def must_be_open(self, request: web.Request) -> None:
        """Does not return when the connection is at its end."""
        if not self._limit or request.transport is None:
            return
        carried = self._carried.get(request.protocol, 0)
        if carried >= self._limit:
            request.transport.abort()
            await faults.hang()
        self._carried[request.protocol] = carried + 1
