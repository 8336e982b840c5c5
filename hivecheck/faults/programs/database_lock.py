"""The write lock of an SQLite database, held by a process that this program leaves behind.

Arguments: COMMAND HOLDER PLACE... The database is the first place that exists. HOLDER is the id of the process that holds the lock.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
import sys
import time

RELEASE = ".free"  # a file with this ending beside the database ends the holder
LONGEST_HOLD_SECONDS = 120.0  # the holder ends by itself, also when the harness is killed
RELEASE_SECONDS = 2.0
# The byte of the write lock is in the shared memory of a write-ahead log (sqlite.org/walformat.html), else in the file (os_unix.c).
WAL_LOCK, FILE_LOCK = 120, 0x40000001
FLOCK = "hhqqi4x"  # struct flock of fcntl(2) on 64-bit Linux


def lock(path: str) -> None:
    """Leave a process behind that holds the write lock, and print its id."""
    if os.path.exists(path + RELEASE):
        os.unlink(path + RELEASE)
    ready, report = os.pipe()
    if holder := os.fork():
        os.close(report)
        print(holder)
        sys.exit(0 if os.read(ready, 1) == b"1" else 1)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    os.write(report, b"1")
    deadline = time.monotonic() + LONGEST_HOLD_SECONDS
    while time.monotonic() < deadline and not os.path.exists(path + RELEASE):
        time.sleep(0.01)
    connection.close()


def holder_of(path: str) -> int:
    """The process that holds the write lock, 0 for none. A refused write would prove nothing: services hold the lock for moments, too."""
    with open(path, "rb") as file:
        has_log = file.read(19)[18:19] == b"\x02"
    locked, start = (path + "-shm", WAL_LOCK) if has_log else (path, FILE_LOCK)
    if not os.path.exists(locked):
        return 0
    query = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, 1, 0)
    with open(locked, "r+b") as file:
        kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, query))
    return 0 if kind == fcntl.F_UNLCK else int(pid)


def free(path: str, holder: str) -> None:
    """End the holder, and wait until it has ended. A zombie has ended: its parent may collect it later."""
    with open(path + RELEASE, "w"):
        pass
    deadline = time.monotonic() + RELEASE_SECONDS
    while time.monotonic() < deadline and not has_ended(holder):
        time.sleep(0.005)
    os.unlink(path + RELEASE)


def has_ended(pid: str) -> bool:
    """Whether the process is a zombie or does not exist."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def main(command: str, holder: str, *places: str) -> None:
    """Run one command on the database."""
    path = next(place for place in places if os.path.exists(place))
    match command:
        case "lock":
            lock(path)
        case "holder":
            print(holder_of(path))
        case "free":
            free(path, holder)
        case _:
            sys.exit(f"unknown command {command!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
