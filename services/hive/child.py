"""One child process in its own session. Its standard input closes when the hive exits. It does not handle worker states."""

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
    """The command line, the complete environment, and the file for the output."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    log_path: Path


def reserve_port(host: str) -> socket.socket:
    """Bind a free port without listening. The kernel gives it to no other process, and refuses connections to it."""
    # A server that sets SO_REUSEADDR can still bind and listen on it, in each incarnation (Linux: socket(7)).
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind((host, 0))
    return reserved


def describe_exit(code: int) -> str:
    """`signal 9` or `exit code 3`."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


class Child:
    """A running process group. Its leader's standard input is a pipe that closes when the hive exits or is killed."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.pid = process.pid

    @classmethod
    async def spawn(cls, launch: Launch) -> Child:
        """Start the process. Raises OSError if the command cannot run. Call it from the main thread and never cancel it."""
        launch.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(launch.log_path, "ab") as output:
            process = await asyncio.create_subprocess_exec(
                *launch.command, stdin=PIPE, stdout=output, stderr=output, env=launch.env, start_new_session=True
            )
        return cls(process)

    async def wait(self) -> int:
        """Wait for the leader's exit. The return code is negative for a signal."""
        return await self._process.wait()

    async def stop(self, grace_seconds: float) -> int:
        """Send SIGTERM to the group, and SIGKILL to its remaining processes after `grace_seconds`. Returns the leader's return code."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_seconds):
                await self._process.wait()
                while self._signal(0) and (members := processes.members(self.pid)):
                    await processes.wait_ended(members, grace_seconds)
        except TimeoutError:
            pass
        self.kill()
        return await self._process.wait()

    def kill(self) -> None:
        """Send SIGKILL to the remaining processes of the group. An empty group is no error."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> bool:
        """Whether the group has a process that can receive the signal."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS gives PermissionError if only foreign or zombie processes remain
            return False
        return True
