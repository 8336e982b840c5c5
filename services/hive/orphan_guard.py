"""Keeps an orphan killer process running. It kills the workers if the hive itself is killed."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process

from services import logs
from services.hive import orphan_killer
from services.hive.tasks import background

log = logging.getLogger("services.hive.orphan_guard")

RESPAWN_SECONDS = 1.0
STOP_SECONDS = 5.0


class OrphanGuard:
    """Starts the orphan killer with a pipe as standard input, and restarts it if it exits. The pipe closes with the hive."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the orphan killer. A failure is logged, and the watch tries again. Call it from the main thread."""
        self._process = await self._spawn()
        self._watching = background(self._respawn())

    async def stop(self) -> None:
        """End the orphan killer after all workers have stopped."""
        if self._watching:
            self._watching.cancel()
        if self._process and self._process.stdin:
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                self._process.kill()

    async def _respawn(self) -> None:
        while True:
            if self._process:
                code = await self._process.wait()
                logs.event(log, "orphan_killer_lost", level=logging.WARNING, pid=self._process.pid, code=code)
            await asyncio.sleep(RESPAWN_SECONDS)
            self._process = await self._spawn()

    async def _spawn(self) -> Process | None:
        command = (sys.executable, "-I", "-S", orphan_killer.__file__, self._mark)
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
        except OSError as error:
            logs.event(log, "orphan_killer_not_started", level=logging.ERROR, error=str(error))
            return None
        logs.event(log, "orphan_killer_started", pid=process.pid)
        return process
