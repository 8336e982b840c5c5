"""One child process in its own session, with a pipe it can watch for our death. Knows nothing of workers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.hive import processes


@dataclass(frozen=True)
class Launch:
    """What to start: the command line, the whole environment, and the file its output is appended to."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    log_path: Path


def reserve_port(host: str) -> socket.socket:
    """Bind a free port and keep it, without listening: nobody else is given it, and connecting to it is refused.

    A server that sets SO_REUSEADDR can bind and listen on it all the same, again and again (Linux: socket(7), SO_REUSEADDR).
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((host, 0))
    return reserved


def describe_exit(code: int) -> str:
    """`signal 9` or `exit code 3`."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


class Child:
    """A running process group. Its leader's standard input is a pipe that closes when this process ends, however it ends."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def spawn(cls, launch: Launch) -> Child:
        """Start it. Raises OSError when the command cannot be run. Call from the main thread, and never cancel it half-way."""
        launch.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(launch.log_path, "ab") as output:
            process = await asyncio.create_subprocess_exec(
                *launch.command, stdin=PIPE, stdout=output, stderr=output, env=launch.env, start_new_session=True
            )
        return cls(process)

    async def wait(self) -> int:
        """The return code of the leader, as soon as it has ended; negative for a signal."""
        return await self._process.wait()

    async def stop(self, grace_seconds: float) -> int:
        """SIGTERM to the group, SIGKILL to what is left of it after `grace_seconds`; the leader's return code."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_seconds):
                await self._process.wait()
                while self._signal(0) and (members := processes.members(self.pid)):
                    await processes.gone(members, grace_seconds)
        except TimeoutError:
            pass
        self.kill()
        return await self._process.wait()

    def kill(self) -> None:
        """SIGKILL to whatever is left of the group; nothing left is fine."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> bool:
        """Whether there was anybody left in the group to signal."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # PermissionError: only foreign or zombie processes left (macOS)
            return False
        return True
