"""Queries about processes that are not children of the hive, so `waitpid` cannot report their exit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

import psutil

POLL_SECONDS = 0.05


def members(group: int) -> list[psutil.Process]:
    """The running processes of a group. Zombies do not count: a container without an init never reaps them."""
    return [process for process in psutil.process_iter() if _is_member(process, group) and is_running(process)]


def started_ticks(pid: int) -> int | None:
    """A process's start time in clock ticks since boot (field 22 of /proc/<pid>/stat, proc(5)), or None if it does not exist."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


async def wait_ended(processes: Iterable[psutil.Process], seconds: float) -> None:
    """Return when none of the processes runs any more, at the latest after `seconds`."""
    waited_for = list(processes)
    try:
        async with asyncio.timeout(seconds):
            while True:
                if not any(is_running(process) for process in waited_for):
                    return
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return


def _is_member(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group
    except OSError:
        return False
