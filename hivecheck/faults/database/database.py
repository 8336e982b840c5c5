"""The database of a running service is locked, put aside for another file, or can no longer be written to."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hivecheck.errors import ClientError
from hivecheck.faults.fault import Fault, FaultTarget
from hivecheck.faults.process.limits import limit, soft_limit

DATABASES = {"registry": "registry.db", "orchestrator": "usage.sqlite", "hive": "catalogue.db"}
HERE_SECONDS = 10.0
# Each program runs where the service does; its first arguments are the places where the database may be.
_HEAD = "import os, sys, time\npath = next(path for path in sys.argv[1:3] if os.path.exists(path))\n"
# Leaves a process behind that holds the write lock until a file appears beside the database, and prints its id. It ends by itself.
LOCK = """
import sqlite3
if os.path.exists(path + ".free"):
    os.unlink(path + ".free")
told, tell = os.pipe()
if holder := os.fork():
    os.close(tell)
    print(holder)
    sys.exit(0 if os.read(told, 1) == b"1" else 1)
quiet = os.open(os.devnull, os.O_RDWR)
for stream in (0, 1, 2):
    os.dup2(quiet, stream)
connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
os.write(tell, b"1")
deadline = time.monotonic() + 120
while time.monotonic() < deadline and not os.path.exists(path + ".free"):
    time.sleep(0.01)
connection.close()
"""
# Prints which process holds the write lock, 0 when none does. Others hold it for moments, too, so being refused it would prove nothing.
# Where its byte is: in the shared memory of a write-ahead log if there is one (walformat.html), else in the file (os_unix.c).
HOLDER = """
import fcntl, struct
log = path + "-shm"
has_log = open(path, "rb").read(19)[18:19] == b"\\x02"
file, start = (log, 120) if has_log else (path, 0x40000001)
asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, start, 1, 0)
if not os.path.exists(file):
    sys.exit(print(0))
with open(file, "r+b") as opened:
    kind, _, _, _, pid = struct.unpack("hhqqi4x", fcntl.fcntl(opened, fcntl.F_GETLK, asked))
print(0 if kind == fcntl.F_UNLCK else pid)
"""
# Tells the holder to let go, and waits until it has ended: nobody may have taken note of that yet.
FREE = """
def has_ended():
    try:
        return open("/proc/" + sys.argv[4] + "/stat").read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
open(path + ".free", "w").close()
deadline = time.monotonic() + 2
while time.monotonic() < deadline and not has_ended():
    time.sleep(0.005)
os.unlink(path + ".free")
"""
# As somebody does it who restores a database that was never this service's: another file under its name, without its journals.
REPLACE = """
import sqlite3
connection = sqlite3.connect(path + ".other", isolation_level=None)
connection.execute("CREATE TABLE somebody_else (id TEXT PRIMARY KEY)")
connection.close()
for end in ("-wal", "-shm"):
    os.path.exists(path + end) and os.unlink(path + end)
os.replace(path + ".other", path)
"""
MARK = b"somebody_else"  # stays in it, or in its write-ahead log, whatever the service makes of that file


@dataclass
class DatabaseLock:
    """Somebody else holds the write lock and does not let go: every write fails, reading goes on. Proven by the kernel's list of locks."""

    act: str = "its database was locked"
    description: str = "Somebody else holds the database's write lock and does not let go: every write fails, reading goes on."
    requires: frozenset[str] = frozenset({"exec"})
    _holder: str = ""

    def inject(self, fault_target: FaultTarget) -> None:
        self._holder = run(fault_target, LOCK)

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"process {self._holder} holds the write lock" if self._is_held(fault_target) else None

    def remove(self, fault_target: FaultTarget) -> None:
        path = _path_here(fault_target)
        if path is None and self._holder:
            run(fault_target, FREE, self._holder)
        elif path is not None and (name := self._name_here(fault_target)):
            run_here(path, FREE, name)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"process {self._holder} still holds the write lock" if self._is_held(fault_target) else None

    def _is_held(self, fault_target: FaultTarget) -> bool:
        path = _path_here(fault_target)
        if path is None:
            return bool(self._holder) and run(fault_target, HOLDER) == self._holder
        name = self._name_here(fault_target)
        return bool(name) and run_here(path, HOLDER) == name

    def _name_here(self, fault_target: FaultTarget) -> str:
        """The holder's id on this machine; empty when there is none (any more)."""
        folder = fault_target.node.proc_of(int(self._holder)) if self._holder else None
        return folder.name if folder else ""


@dataclass
class DatabaseReplacement:
    """Another file is under the database's name, and what the service writes to its own is lost. Only the service can mend that."""

    act: str = "its database was replaced"
    description: str = (
        "Another file takes the database's name, as when a wrong backup is put back; what the service writes to its own is lost."
    )
    requires: frozenset[str] = frozenset({"exec"})

    def inject(self, fault_target: FaultTarget) -> None:
        run(fault_target, REPLACE)

    def effect(self, fault_target: FaultTarget) -> str | None:
        name = database_of(fault_target)
        is_there = any(MARK in fault_target.node.read_file(each) for each in (name, f"{name}-wal"))
        return "the file under the database's name is another one" if is_there else None

    def remove(self, fault_target: FaultTarget) -> None:
        """Nothing: the old file is gone."""

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None


@dataclass
class FileLimit:
    """No file of the struck process may be written to beyond that; what it has open stays readable."""

    most_bytes: int
    description: str
    act: str = "limited in its files"
    requires: frozenset[str] = frozenset({"exec"})

    def inject(self, fault_target: FaultTarget) -> None:
        database_of(fault_target)
        limit(fault_target, resource.RLIMIT_FSIZE, self.most_bytes)

    def effect(self, fault_target: FaultTarget) -> str | None:
        return (
            f"the kernel lets process {fault_target.pid} write files of {self.most_bytes} bytes" if self._is_limited(fault_target) else None
        )

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.state() is not None:
            limit(fault_target, resource.RLIMIT_FSIZE, None)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        is_limited = fault_target.state() is not None and self._is_limited(fault_target)
        return f"process {fault_target.pid} may still write files of {self.most_bytes} bytes only" if is_limited else None

    def _is_limited(self, fault_target: FaultTarget) -> bool:
        return soft_limit(fault_target, resource.RLIMIT_FSIZE) == self.most_bytes


def file_limits() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS."""
    none = "No file of the service may grow or be written to: for it the disk is full, and what it has open stays readable."
    large = "No file of the service may grow beyond 1 MiB: for a large one the disk is full, for what is small there is room."
    return {
        "a file write limit of 0 bytes": partial(FileLimit, 0, none),
        "a file write limit of 1 MiB": partial(FileLimit, 1024 * 1024, large),
    }


def run(fault_target: FaultTarget, program: str, *words: str) -> str:
    """What a program says that runs where the victim does. Raises ClientError when it fails, or the victim keeps no database."""
    name = database_of(fault_target)
    # -I -S: nothing but the standard library is needed, and the start takes half the time.
    command = ["python3", "-I", "-S", "-c", _HEAD + program, f"data/{name}", f"/data/{name}", str(fault_target.pid), *words]
    done = fault_target.node.run(command)
    if done.exit_code:
        raise ClientError(f"{fault_target.name}: {name} could not be reached as expected: {done.output.strip()}")
    return done.output.strip()


def _path_here(fault_target: FaultTarget) -> Path | None:
    """The victim's database, where this machine has the file and shows the node's processes: then nothing need be run at the node."""
    return fault_target.node.path_of(database_of(fault_target)) if fault_target.node.proc_of(fault_target.pid) else None


def run_here(path: Path, program: str, *words: str) -> str:
    """What a program says that runs on this machine, and sees processes by the ids they have here. Raises ClientError when it fails."""
    command = [sys.executable, "-I", "-S", "-c", _HEAD + program, str(path), str(path), "0", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HERE_SECONDS, check=False)
    if done.returncode:
        raise ClientError(f"{path} could not be reached as expected: {done.stderr.strip()}")
    return done.stdout.strip()


def database_of(fault_target: FaultTarget) -> str:
    """The file's name. Raises ClientError for whoever keeps none."""
    name = DATABASES.get(fault_target.node.service)
    if name is None or not fault_target.is_node:
        raise ClientError(f"{fault_target.name} is no service with a database; these are: {', '.join(DATABASES)}")
    return name
