"""The listening port of one service. A service can close it temporarily to refuse connections."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Listener:
    """Expects a `runner` that is set up. The runner's clean-up closes the port permanently."""

    runner: web.AppRunner
    host: str
    port: int
    backlog: int
    _site: web.TCPSite | None = field(default=None, init=False)

    async def open(self) -> None:
        """Listen. Raises OSError if the port is in use."""
        if self._site is None:
            site = web.TCPSite(self.runner, self.host, self.port, backlog=self.backlog, reuse_address=True)
            await site.start()
            self._site = site

    async def close(self) -> None:
        """Refuse new connections and cut the open ones, like a process that has exited."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()
        for connection in self.runner.server.connections if self.runner.server is not None else ():
            connection.force_close()
