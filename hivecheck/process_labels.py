"""Finds and kills processes by the run's label: an environment variable that every descendant inherits. Standard library only.

The label is read from /proc/<pid>/environ. So an orphan that left its process group and its parent is found too.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

RUN_LABEL = "HIVECHECK_RUN"
NODE_LABEL = "HIVECHECK_NODE"
STACK_LABEL = "HIVECHECK_STACK"
OWNER_LABEL = "HIVECHECK_OWNER"
KEPT_LABEL = "HIVECHECK_KEPT"  # while a file of this path exists, the stack is kept up


@dataclass(frozen=True)
class Owner:
    """The harness that started a node, by host, boot, process id and start time (ticks). They show whether it still runs."""

    host: str
    boot_id: str
    pid: int
    started_ticks: int

    @classmethod
    def this_process(cls) -> Owner:
        return cls(_host(), _boot_id(), os.getpid(), started_ticks(os.getpid()) or 0)

    @classmethod
    def parse(cls, label: str) -> Owner | None:
        """None for a malformed label."""
        try:
            host, boot_id, pid, ticks = label.split("|")
            return cls(host, boot_id, int(pid), int(ticks))
        except ValueError:
            return None

    def label(self) -> str:
        return f"{self.host}|{self.boot_id}|{self.pid}|{self.started_ticks}"

    def is_proven_dead(self) -> bool:
        """True only for a process that would be visible here if it ran. A process of another host or container is never proven dead."""
        return self.host == _host() and (self.boot_id != _boot_id() or started_ticks(self.pid) != self.started_ticks)


@dataclass(frozen=True)
class Ownership:
    """What the labels of a node say of its run: the id, the owner's label, the folder with a file for each kept stack."""

    run_id: str
    owner: str
    kept_folder: Path

    @classmethod
    def of_this_process(cls, run_id: str, kept_folder: Path) -> Ownership:
        return cls(run_id, Owner.this_process().label(), kept_folder)

    def environment(self, stack: str, node: str) -> dict[str, str]:
        """The labels of a node's processes."""
        return {
            RUN_LABEL: self.run_id,
            STACK_LABEL: stack,
            NODE_LABEL: node,
            OWNER_LABEL: self.owner,
            KEPT_LABEL: str(kept_file(self.kept_folder, self.run_id, stack)),
        }


@dataclass(frozen=True)
class Labelled:
    """A running process with a run's label. `state` is the letter of /proc/<pid>/stat."""

    pid: int
    parent_pid: int
    state: str
    run_id: str
    stack: str
    node: str
    command: str
    owner: str = ""
    kept: str = ""

    def is_abandoned(self) -> bool:
        """Its owner is proven dead, and its stack is not kept up."""
        return is_abandoned(self.owner, self.kept)

    def sentence(self) -> str:
        return f"pid {self.pid} of {self.stack}/{self.node}: {self.command}"


def find(run_id: str | None = None, stack: str | None = None) -> list[Labelled]:
    """Every process of one run (or of all), of one stack (or of all), without zombies."""
    with os.scandir("/proc") as entries:
        found = [_read(int(entry.name)) for entry in entries if entry.name.isdigit()]
    return sorted((process for process in found if process and _is_of(process, run_id, stack)), key=lambda process: process.pid)


def sweep(run_id: str, stack: str | None = None, seconds: float = 10.0) -> list[Labelled]:
    """SIGKILL every process of the run until two rounds in a row find none; returns the killed processes."""
    killed: dict[int, Labelled] = {}
    deadline = time.monotonic() + seconds
    clean_rounds = 0
    # Two rounds, because a process that is being spawned while /proc is read appears only in the next one.
    while clean_rounds < 2 and time.monotonic() < deadline:
        found = find(run_id, stack)
        clean_rounds = 0 if found else clean_rounds + 1
        for process in found:
            killed[process.pid] = process
            try:
                os.kill(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        _pause(0.05)
    return list(killed.values())


def kept_file(folder: Path, run_id: str, stack: str) -> Path:
    """The file that exists while a stack is kept up."""
    return folder / f"{run_id}-{stack}.json"


def is_abandoned(owner: str, kept: str) -> bool:
    """Whether any harness may remove a node with these labels: its owner is proven dead, and its stack is not kept up."""
    harness = Owner.parse(owner)
    return harness is not None and harness.is_proven_dead() and not Path(kept).is_file()


def started_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (field 22 of /proc/<pid>/stat, proc(5)); None when there is no such process."""
    try:
        # After the last ')', because the command name in parentheses may itself contain spaces and parentheses (proc(5)).
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


def _is_of(process: Labelled, run_id: str | None, stack: str | None) -> bool:
    return run_id in (None, process.run_id) and stack in (None, process.stack)


def _read(pid: int) -> Labelled | None:
    try:
        environment = _content(pid, "environ")
        if RUN_LABEL.encode() not in environment:
            return None  # without a decoding: a scan reads every process of the machine, and few have a label
        pairs = dict(item.split("=", 1) for item in environment.decode(errors="replace").split("\0") if "=" in item)
        if RUN_LABEL not in pairs:
            return None
        command = _content(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()
        state, parent = _content(pid, "stat").decode(errors="replace").rpartition(")")[2].split()[:2]
    except (OSError, ValueError):
        return None  # it exited meanwhile, or it belongs to another user
    if state in "ZX":
        return None
    stack, node = pairs.get(STACK_LABEL, "?"), pairs.get(NODE_LABEL, "?")
    owner, kept = pairs.get(OWNER_LABEL, ""), pairs.get(KEPT_LABEL, "")
    return Labelled(pid, int(parent), state, pairs[RUN_LABEL], stack, node, command[:200], owner, kept)


def _content(pid: int, name: str) -> bytes:
    with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:
        return file.read()


def _host() -> str:
    """This machine by its name and its process id namespace."""
    # A container may share the host's name, but a pid in it means another process.
    return f"{os.uname().nodename}/{Path('/proc/self/ns/pid').stat().st_ino}"


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _pause(seconds: float) -> None:
    """A pause of some seconds."""
    # Without `waiting` and its imports, because the watchdog uses this module and must start in a few milliseconds.
    import select

    select.select([], [], [], seconds)
