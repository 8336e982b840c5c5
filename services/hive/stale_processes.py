"""Kills processes that survived their worker or an earlier run of this hive.

It identifies them by pid and start time or by their mark, never by name. The start time is in kernel ticks since boot.
Wall clock times are unsuitable: they derive from a boot time that moves when the clock is set.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import msgspec
import psutil

from services import logs
from services.hive import processes
from services.hive.child import Launch
from services.hive.orphan_killer import MARKER, kill_marked_processes

log = logging.getLogger("services.hive.stale_processes")

FILE_NAME = "process.json"
KILL_SECONDS = 2.0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A process group of this hive: its leader's pid and start time (ticks since boot), and the mark of its members."""

    pid: int
    started_ticks: int
    marker: str


def record(directory: Path, pid: int, launch_spec: Launch) -> None:
    """Store the identity of a started process."""
    started_ticks = processes.started_ticks(pid)
    if started_ticks is None:
        return  # The process has already exited, so no later run has to kill it.
    text = msgspec.json.encode(Record(pid=pid, started_ticks=started_ticks, marker=launch_spec.env[MARKER]))
    try:
        (directory / FILE_NAME).write_bytes(text)
    except OSError as error:
        logs.event(log, "record_not_written", level=logging.WARNING, directory=str(directory), error=str(error))


def forget(directory: Path) -> None:
    """Delete the record of a process group that has ended."""
    (directory / FILE_NAME).unlink(missing_ok=True)


async def kill_all(workers_dir: Path) -> None:
    """Kill every recorded group that still runs, and wait for its end."""
    for path in sorted(workers_dir.glob(f"*/{FILE_NAME}")):
        try:
            await _kill(msgspec.json.decode(path.read_bytes(), type=Record))
        except msgspec.DecodeError:
            logs.event(log, "record_unreadable", level=logging.WARNING, path=str(path))
        path.unlink(missing_ok=True)


async def kill_marked(marker: str) -> None:
    """Kill all processes with the mark of an incarnation, even outside its group. An example is a wrapper's child in another session."""
    for pid in await asyncio.to_thread(kill_marked_processes, marker, KILL_SECONDS):
        logs.event(log, "marked_process_killed", level=logging.WARNING, pid=pid, marker=marker)


async def _kill(known: Record) -> None:
    members = [process for process in psutil.process_iter() if _is_member(process, known)]
    for process in members:
        logs.event(log, "stale_process_killed", level=logging.WARNING, pid=process.pid, group=known.pid)
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue
    await processes.wait_ended(members, KILL_SECONDS)
    await kill_marked(known.marker)


def _is_member(process: psutil.Process, known: Record) -> bool:
    """Whether the process is the recorded leader or a marked process of its group."""
    # The kernel reuses pids and group ids, so the id alone proves nothing.
    try:
        if process.pid == known.pid:
            return processes.started_ticks(process.pid) == known.started_ticks
        return os.getpgid(process.pid) == known.pid and process.environ().get(MARKER) == known.marker
    except (psutil.Error, OSError):
        return False
