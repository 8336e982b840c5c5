"""Processes that outlived their worker or an earlier run of this hive, known by pid and start time or by their mark, never by name.

The start time is the kernel's count of ticks since boot. A time of day would not do: it is derived from a boot time that
moves when the clock is set, so that a process would look like another one a moment later.
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

log = logging.getLogger("services.hive.leftovers")

FILE_NAME = "process.json"
KILL_SECONDS = 2.0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A process group we started: its leader's pid and start time (ticks since boot), and the mark its members carry."""

    pid: int
    started_ticks: int
    marker: str


def record(directory: Path, pid: int, order: Launch) -> None:
    """Write down a process that was just started."""
    started_ticks = processes.started_ticks(pid)
    if started_ticks is None:
        return  # it is gone already, so nobody has to look for it later
    text = msgspec.json.encode(Record(pid=pid, started_ticks=started_ticks, marker=order.env[MARKER]))
    try:
        (directory / FILE_NAME).write_bytes(text)
    except OSError as error:
        logs.event(log, "record_not_written", level=logging.WARNING, directory=str(directory), error=str(error))


def forget(directory: Path) -> None:
    """The process group is gone."""
    (directory / FILE_NAME).unlink(missing_ok=True)


async def kill_all(workers_dir: Path) -> None:
    """Kill every recorded group that is still there, and wait until none of it runs."""
    for path in sorted(workers_dir.glob(f"*/{FILE_NAME}")):
        try:
            await _kill(msgspec.json.decode(path.read_bytes(), type=Record))
        except msgspec.DecodeError:
            logs.event(log, "record_unreadable", level=logging.WARNING, path=str(path))
        path.unlink(missing_ok=True)


async def kill_marked(marker: str) -> None:
    """Kill whatever still carries the mark of an incarnation, also outside its group: a wrapper's grandchild in a session of its own."""
    for pid in await asyncio.to_thread(kill_marked_processes, marker, KILL_SECONDS):
        logs.event(log, "stray_killed", level=logging.WARNING, pid=pid, marker=marker)


async def _kill(known: Record) -> None:
    members = [process for process in psutil.process_iter() if _is_member(process, known)]
    for process in members:
        logs.event(log, "leftover_killed", level=logging.WARNING, pid=process.pid, group=known.pid)
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.Error:
            continue
    await processes.gone(members, KILL_SECONDS)
    await kill_marked(known.marker)


def _is_member(process: psutil.Process, known: Record) -> bool:
    """The leader by its start time; the rest by group and by the mark in its environment, since a group id may be used again."""
    try:
        if process.pid == known.pid:
            return processes.started_ticks(process.pid) == known.started_ticks
        return os.getpgid(process.pid) == known.pid and process.environ().get(MARKER) == known.marker
    except (psutil.Error, OSError):
        return False
