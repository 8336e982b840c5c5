"""Corrupts a service's database or its write-ahead log in place, as a bad disk does. The service may run or not.

The file formats are those of https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from hivecheck.errors import ClientError, ConditionTimeoutError
from hivecheck.faults.database.file import database_of
from hivecheck.faults.fault import Fault, FaultTarget, Kind
from hivecheck.waiting import eventually
from hivecheck.wording import counted

HEADER_BYTES = 100
LEAF_OF_A_TABLE = 0x0D
GARBAGE = b"\x5a"
LOG = "-wal"
LOG_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
OWN_REPAIR_SECONDS = 2.0  # several checks of a service that checks its file regularly
AFTER_A_WRITE = "next: inject the fault after the service has written to the file"
BLOCK_BYTES = 512  # the smallest page that SQLite writes


def without_header(data: bytes) -> bytes:
    return GARBAGE * HEADER_BYTES + data[HEADER_BYTES:]


def without_a_page(data: bytes) -> bytes:
    """Overwrites the last leaf of a table: some rows are lost, and the others stay readable."""
    start, size = _leaves(data)[-1], _page_bytes(data)
    return data[:start] + GARBAGE * size + data[start + size :]


def without_end(data: bytes) -> bytes:
    return data[: _leaves(data)[-1]]


def zeroed(data: bytes) -> bytes:
    return bytes(len(data))


def without_half_the_log(data: bytes) -> bytes:
    """The log ends within a valid frame."""
    valid = frames(data)
    return data[: LOG_HEADER_BYTES + valid // 2 * _frame_bytes(data) + FRAME_HEADER_BYTES] if valid else data


# Name in Gherkin -> the change of the bytes, the ending of the file (the database's own is empty), a sentence for the docs.
CORRUPTIONS: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "corruption of the database header": (without_header, "", "The first 100 bytes are garbage, so that SQLite refuses the file."),
    "corruption of a database page": (without_a_page, "", "One page of a table is garbage: some rows are lost, the others stay readable."),
    "a truncation of the database": (without_end, "", "The database ends before the last page of a table."),
    "a truncation of the write-ahead log": (without_half_the_log, LOG, "The log ends within a frame, and half of its frames are lost."),
    "a zeroed database": (zeroed, "", "Every byte of the database is zero, and its length is unchanged."),
}


@dataclass
class DatabaseCorruption:
    """Proven by SQLite, which refuses the file. The service may repair it; else the removal restores the old bytes.

    `ending` names the corrupted file. `sound` are its bytes before the injection, `left` those after it.
    """

    corrupt: Callable[[bytes], bytes]
    ending: str = ""
    description: str = ""
    act: str = "its database was corrupted"
    requires: frozenset[str] = frozenset({"files"})
    eligible_for: frozenset[Kind] = frozenset({Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "registry"
    sound: bytes = b""
    left: bytes = b""
    _file: int = field(default=0, repr=False)
    _path_at_injection: Path | None = field(default=None, repr=False)

    def inject(self, fault_target: FaultTarget) -> None:
        path = self._path(fault_target)
        if not path.exists():
            raise ClientError(f"expected: {path.name} of {fault_target.name}\nactual: there is no such file\n{AFTER_A_WRITE}")
        if not self.ending:
            _write_back(path)
        self.sound, self._file = path.read_bytes(), path.stat().st_ino
        self.left = self.corrupt(self.sound)
        if self.left == self.sound:
            raise ClientError(
                f"expected: {path.name} of {fault_target.name} with content\nactual: {counted(len(self.sound), 'byte')} without any\n"
                f"{AFTER_A_WRITE}"
            )
        self._path_at_injection = path
        _overwrite(path, self.left)

    def effect(self, fault_target: FaultTarget) -> str | None:
        path = self._path(fault_target)
        if self.ending:
            return self._lost_frames(fault_target, path)
        names = [path.name, *fault_target.node.files(f"{path.name}.damaged-*")]  # the service may have moved the file already
        if not self.left or self.left not in [fault_target.node.read_file(name) for name in names]:
            return None
        log = path.with_name(path.name + LOG)
        complaint = complaint_about(self.left, log.read_bytes() if log.exists() and path.read_bytes() == self.left else b"")
        return f"SQLite about {path.name}: {complaint}" if complaint else None

    def _lost_frames(self, fault_target: FaultTarget, path: Path) -> str | None:
        """The end of the log is missing. Its begin may be missing, too: the service may have continued it, or begun another log."""
        start, end = len(self.left), len(self.sound)
        if path != self._path_at_injection or fault_target.node.read_file(path.name)[start:end] == self.sound[start:]:
            return None
        return f"complete frames in {path.name}: {whole_frames(self.left)} of {frames(self.sound)}"

    def remove(self, fault_target: FaultTarget) -> None:
        path = self._path(fault_target)
        if self.left and fault_target.pid:
            # The service repairs first: bytes restored during its own repair would corrupt the file that it begins.
            with suppress(ConditionTimeoutError):
                eventually(
                    lambda: not self._is_there(path), within=OWN_REPAIR_SECONDS, what=f"{fault_target.name} begins another {path.name}"
                )
        if self.left and self._is_there(path):
            _overwrite(path, restored(path.read_bytes(), self.sound, self.left))

    def _is_there(self, path: Path) -> bool:
        """Whether the corrupted file still has its name."""
        try:
            return path.stat().st_ino == self._file
        except FileNotFoundError:
            return False

    def remaining(self, fault_target: FaultTarget) -> str | None:
        path = self._path(fault_target).with_name(database_of(fault_target))
        log = path.with_name(path.name + LOG)
        if not path.exists():
            return f"{fault_target.name} has no {path.name}"
        complaint = complaint_about(path.read_bytes(), log.read_bytes() if log.exists() else b"")
        return f"SQLite about {path.name}: {complaint}" if complaint else None

    def _path(self, fault_target: FaultTarget) -> Path:
        path = fault_target.node.path_of(database_of(fault_target) + self.ending)
        if path is None:
            raise ClientError(
                f"expected: the files of {fault_target.name} on this machine\nactual: elsewhere\nnext: name a node with local files"
            )
        return path


def corruptions() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS."""
    return {name: partial(DatabaseCorruption, *corruption) for name, corruption in CORRUPTIONS.items()}


def complaint_about(data: bytes, log: bytes = b"") -> str | None:
    """SQLite's error for a database of these bytes with that write-ahead log; None when it accepts both."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "database"
        path.write_bytes(data)
        if log:
            path.with_name(path.name + LOG).write_bytes(log)
        try:
            with closing(sqlite3.connect(path)) as connection:
                verdict = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        except sqlite3.Error as error:
            return str(error)
    return None if verdict == "ok" else verdict


def restored(now: bytes, sound: bytes, left: bytes) -> bytes:
    """The file with the old bytes in each block that the injection changed and the service has not written since."""
    blocks = [
        (sound if now[start : start + BLOCK_BYTES] == left[start : start + BLOCK_BYTES] else now)[start : start + BLOCK_BYTES]
        for start in range(0, len(now), BLOCK_BYTES)
    ]
    return b"".join(blocks) + (sound[len(left) :] if len(now) == len(left) else b"")


def frames(log: bytes) -> int:
    """The number of valid frames of a write-ahead log: those with the salt of its header, from the first one on."""
    if len(log) < LOG_HEADER_BYTES:
        return 0
    size, salt = _frame_bytes(log), log[16:24]
    starts = range(LOG_HEADER_BYTES, len(log) - FRAME_HEADER_BYTES + 1, size)
    return next((number for number, start in enumerate(starts) if log[start + 8 : start + 16] != salt), len(starts))


def whole_frames(log: bytes) -> int:
    """The number of valid frames that are complete."""
    return min(frames(log), (len(log) - LOG_HEADER_BYTES) // _frame_bytes(log))


def _frame_bytes(log: bytes) -> int:
    return FRAME_HEADER_BYTES + int.from_bytes(log[8:12], "big")


def _page_bytes(data: bytes) -> int:
    size = int.from_bytes(data[16:18], "big")
    return 65536 if size == 1 else size


def _leaves(data: bytes) -> list[int]:
    """The offsets of the leaf pages of tables, without the first page, which lists the tables. Raises ClientError without any."""
    size = _page_bytes(data)
    found = [start for start in range(size, len(data), size) if data[start] == LEAF_OF_A_TABLE] if size else []
    if not found:
        raise ClientError(
            f"expected: a database with a page to corrupt\nactual: {counted(len(data), 'byte')} with no page of a table\n{AFTER_A_WRITE}"
        )
    return found


def _write_back(path: Path) -> None:
    """Moves the log into the database. SQLite reads a page from the log if it is there, and that would hide the corruption."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", timeout=1.0, uri=True)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _overwrite(path: Path, data: bytes) -> None:
    """In place: the service that has the file open keeps the same file."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate(len(data))
