"""What this machine's kernel shows of a container without a command in it: files of its control group, and its processes. Judges nothing.

A command in the node costs some 80 ms, and several times that on a busy machine. It also uses memory and cores of the node.
Whatever the kernel does not show here is None: then a command must be run after all.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from hivecheck.platforms.platform import ProcessView

PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
MEMBERS = "cgroup.procs"  # the one file here that is no controller's, and in every folder


def control_file(container: str, pid: int, *names: str) -> str | None:
    """The first of these files that the container's control group has, e.g. `cpu.stat`; a version has its own names for some.

    `pid` is its first process as the engine reports it. The name of its control group must contain the container's ID.
    """
    for controllers, path in _groups(container, pid):
        for name in names:
            if controllers == "" or name == MEMBERS or name.partition(".")[0] in controllers.split(","):
                with contextlib.suppress(OSError):
                    return (CGROUPS / controllers / path.lstrip("/") / name).read_text()
    return None


def process_folders(container: str, pid: int) -> dict[int, Path] | None:
    """The container's processes, by the ids that they have in it: where each stands in this machine's /proc. Some may end any moment."""
    members = control_file(container, pid, MEMBERS)
    if members is None:
        return None
    folders = {}
    for outer in members.split():
        with contextlib.suppress(OSError):
            status_lines = (PROC / outer / "status").read_text(errors="replace").splitlines()
            folders[next((int(line.split()[-1]) for line in status_lines if line.startswith("NSpid:")), 0)] = PROC / outer
    return None if 0 in folders else folders  # a kernel that does not tell the inner ids; init has one in any case


def process_views(folders: dict[int, Path]) -> list[ProcessView]:
    """What they are. One that ends meanwhile is left out."""
    inner = {folder.name: pid for pid, folder in folders.items()}
    views = []
    for pid, folder in folders.items():
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ").strip()
            views.append(ProcessView(pid, inner.get(parent, 0), state, command))
    return views


def send(container: str, outer: int, number: signal.Signals) -> bool:
    """Send a signal to a process of the container, by its id on this machine; whether that could be done from here.

    Held by a descriptor first, then seen to be the container's: however quickly ids are used again, no other process can be meant.
    """
    with contextlib.suppress(OSError):
        held = os.pidfd_open(outer)
        try:
            if _groups(container, outer):
                signal.pidfd_send_signal(held, number)
                return True
        finally:
            os.close(held)
    return False


def send_to_all(container: str, folders: dict[int, Path] | None, number: signal.Signals) -> bool:
    """Send a signal to every process of the container, except to one that ended meanwhile; whether that could be done from here."""
    return bool(folders) and all(send(container, int(folder.name), number) or not folder.exists() for folder in (folders or {}).values())


def _groups(container: str, outer: int) -> list[tuple[str, str]]:
    """The container's control groups, by a process of it: controllers (none in version 2) and path."""
    try:
        lines = (PROC / str(outer) / "cgroup").read_text().splitlines()
    except OSError:
        return []
    return [(controllers, path) for _, controllers, path in (line.split(":", 2) for line in lines) if container in path]
