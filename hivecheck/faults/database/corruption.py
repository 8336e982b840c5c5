"""The database of a service, or its write-ahead log, is spoilt in place, as a bad disk does it, whether the service runs or not.

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
from hivecheck.faults.database.database import database_of
from hivecheck.faults.fault import Fault, FaultTarget
from hivecheck.waiting import eventually

HEADER_BYTES = 100
LEAF_OF_A_TABLE = 0x0D
RUBBISH = b"\x5a"
LOG = "-wal"
LOG_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
OWN_CURE_SECONDS = 2.0  # some looks of a service that looks at its file now and then
BLOCK_BYTES = 512  # the smallest page that SQLite writes


def without_header(data: bytes) -> bytes:
    return RUBBISH * HEADER_BYTES + data[HEADER_BYTES:]


def without_a_page(data: bytes) -> bytes:
    """The last leaf of a table, so that some rows are lost and others are not."""
    start, size = _leaves(data)[-1], _page_bytes(data)
    return data[:start] + RUBBISH * size + data[start + size :]


def without_end(data: bytes) -> bytes:
    return data[: _leaves(data)[-1]]


def zeroed(data: bytes) -> bytes:
    return bytes(len(data))


def without_half_the_log(data: bytes) -> bytes:
    """It ends within a frame that counted."""
    counted = frames(data)
    return data[: LOG_HEADER_BYTES + counted // 2 * _frame_bytes(data) + FRAME_HEADER_BYTES] if counted else data


# Words as Gherkin says them -> what becomes of the bytes, of which file (the database itself, or what lies beside it), the same in words.
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str, str]] = {
    "corruption of the database header": (without_header, "", "Its first 100 bytes are rubbish: SQLite takes it for no database."),
    "corruption of a database page": (
        without_a_page,
        "",
        "One page of a table is rubbish: some rows are lost, others can still be read.",
    ),
    "a truncation of the database": (without_end, "", "It ends before the last page of a table."),
    "a truncation of the write-ahead log": (without_half_the_log, LOG, "The log ends within a frame: half of what it holds is lost."),
    "a zeroed database": (zeroed, "", "Every byte of it is zero, its length is what it was."),
}


@dataclass
class DatabaseCorruption:
    """Proven by SQLite, which refuses the file as it was left; healed by the service, else by what was there before.

    `sound` are the bytes before the strike, `left` those after it.
    """

    spoil: Callable[[bytes], bytes]
    beside: str = ""
    description: str = ""
    act: str = "its database was damaged"
    requires: frozenset[str] = frozenset({"files"})
    sound: bytes = b""
    left: bytes = b""
    _file: int = field(default=0, repr=False)
    _struck: Path | None = field(default=None, repr=False)

    def inject(self, fault_target: FaultTarget) -> None:
        path = self._path(fault_target)
        if not path.exists():
            raise ClientError(f"{fault_target.name} has no {path.name} now that could be damaged")
        if fault_target.pid and not self.beside:
            _write_back(path)
        self.sound, self._file = path.read_bytes(), path.stat().st_ino
        self.left = self.spoil(self.sound)
        if self.left == self.sound:
            raise ClientError(f"{path.name} of {fault_target.name} has nothing in it that could be damaged: {len(self.sound)} bytes")
        self._struck = path
        _overwrite(path, self.left)

    def effect(self, fault_target: FaultTarget) -> str | None:
        path = self._path(fault_target)
        if self.beside:
            return self._lost_frames(fault_target, path)
        names = [path.name, *fault_target.node.files(f"{path.name}.damaged-*")]  # a quick service has put it aside already
        if not self.left or self.left not in [fault_target.node.read_file(name) for name in names]:
            return None
        log = path.with_name(path.name + LOG)
        complaint = complaint_about(self.left, log.read_bytes() if log.exists() and path.read_bytes() == self.left else b"")
        return f"SQLite says of {path.name}: {complaint}" if complaint else None

    def _lost_frames(self, fault_target: FaultTarget, path: Path) -> str | None:
        """What was cut off is not there any more. The rest may not be either: its service may have written on, or begun another log."""
        start, end = len(self.left), len(self.sound)
        if path != self._struck or fault_target.node.read_file(path.name)[start:end] == self.sound[start:]:
            return None
        return f"of {frames(self.sound)} frames in {path.name} {whole_frames(self.left)} are whole"

    def remove(self, fault_target: FaultTarget) -> None:
        path = self._path(fault_target)
        if self.left and fault_target.pid:
            # Its own cure first: it may be at it just now, and bytes written back beside it would be damage to what it begins anew.
            with suppress(ConditionTimeoutError):
                eventually(
                    lambda: not self._is_there(path), within=OWN_CURE_SECONDS, what=f"{fault_target.name} begins another {path.name}"
                )
        if self.left and self._is_there(path):
            _overwrite(path, mended(path.read_bytes(), self.sound, self.left))

    def _is_there(self, path: Path) -> bool:
        """Whether the file that was struck still has its place."""
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
        return f"SQLite says of {path.name}: {complaint}" if complaint else None

    def _path(self, fault_target: FaultTarget) -> Path:
        path = fault_target.node.path_of(database_of(fault_target) + self.beside)
        if path is None:
            raise ClientError(f"the files of {fault_target.name} are not on this machine")
        return path


def damages() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS."""
    return {words: partial(DatabaseCorruption, *damage) for words, damage in DAMAGES.items()}


def complaint_about(data: bytes, log: bytes = b"") -> str | None:
    """What SQLite has against a database of these bytes, with that write-ahead log; None when it has nothing."""
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


def mended(now: bytes, sound: bytes, left: bytes) -> bytes:
    """The file with every block that is still as the strike left it as it was before; what its service has written since stays."""
    blocks = [
        (sound if now[start : start + BLOCK_BYTES] == left[start : start + BLOCK_BYTES] else now)[start : start + BLOCK_BYTES]
        for start in range(0, len(now), BLOCK_BYTES)
    ]
    return b"".join(blocks) + (sound[len(left) :] if len(now) == len(left) else b"")


def frames(log: bytes) -> int:
    """How many frames of a write-ahead log count: those with the salt of its header, from the first one on."""
    if len(log) < LOG_HEADER_BYTES:
        return 0
    size, salt = _frame_bytes(log), log[16:24]
    starts = range(LOG_HEADER_BYTES, len(log) - FRAME_HEADER_BYTES + 1, size)
    return next((number for number, start in enumerate(starts) if log[start + 8 : start + 16] != salt), len(starts))


def whole_frames(log: bytes) -> int:
    """Those of them that are there to their end."""
    return min(frames(log), (len(log) - LOG_HEADER_BYTES) // _frame_bytes(log))


def _frame_bytes(log: bytes) -> int:
    return FRAME_HEADER_BYTES + int.from_bytes(log[8:12], "big")


def _page_bytes(data: bytes) -> int:
    size = int.from_bytes(data[16:18], "big")
    return 65536 if size == 1 else size


def _leaves(data: bytes) -> list[int]:
    """Where the leaf pages of tables begin, the first page apart, which holds the list of tables. Raises ClientError when none does."""
    size = _page_bytes(data)
    found = [start for start in range(size, len(data), size) if data[start] == LEAF_OF_A_TABLE] if size else []
    if not found:
        raise ClientError(f"a database of {len(data)} bytes has no page that could be damaged")
    return found


def _write_back(path: Path) -> None:
    """What its write-ahead log holds goes into the database: a page that is in the log is read from there, and would hide the damage."""
    with closing(sqlite3.connect(f"file:{path}?mode=rw", timeout=1.0, uri=True)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _overwrite(path: Path, data: bytes) -> None:
    """In place: it stays the same file for whoever has it open."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate(len(data))
