"""The port of one service: opened at its start, and closed for a while by a service that is to refuse connections."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Listener:
    """`runner` is set up already. Its clean-up closes the port for good."""

    runner: web.AppRunner
    host: str
    port: int
    backlog: int
    _site: web.TCPSite | None = field(default=None, init=False)

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        if self._site is None:
            site = web.TCPSite(self.runner, self.host, self.port, backlog=self.backlog, reuse_address=True)
            await site.start()
            self._site = site

    async def close(self) -> None:
        """Refuse new connections and cut those that are open, as if the process were gone."""
        site, self._site = self._site, None
        if site is not None:
            await site.stop()
        for connection in self.runner.server.connections if self.runner.server is not None else ():
            connection.force_close()
