"""Keeps an undertaker at hand: the one process that ends the workers when the hive itself is killed."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

from services import logs
from services.hive import orphan_killer
from services.hive.tasks import background

log = logging.getLogger("services.hive.last_will")

RESPAWN_SECONDS = 1.0
STOP_SECONDS = 5.0


class LastWill:
    """A process whose standard input is a pipe that closes when this one ends, however it ends."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when it is there, or could not be started yet. Call from the main thread."""
        self._process = await self._spawn()
        self._watching = background(self._keep())

    async def stop(self) -> None:
        """Let it go, when there is nobody left for it."""
        if self._watching:
            self._watching.cancel()
        if self._process and self._process.stdin:
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                self._process.kill()

    async def _keep(self) -> None:
        while True:
            if self._process:
                code = await self._process.wait()
                logs.event(log, "undertaker_lost", level=logging.WARNING, pid=self._process.pid, code=code)
            await asyncio.sleep(RESPAWN_SECONDS)
            self._process = await self._spawn()

    async def _spawn(self) -> Process | None:
        command = (sys.executable, "-I", "-S", orphan_killer.__file__, self._mark)
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
        except OSError as error:
            logs.event(log, "undertaker_not_started", level=logging.ERROR, error=str(error))
            return None
        logs.event(log, "undertaker_started", pid=process.pid)
        return process
