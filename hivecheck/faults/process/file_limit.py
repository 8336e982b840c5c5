"""The kernel limits the size of the files that the target's process may write."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from hivecheck.faults.database.file import database_of
from hivecheck.faults.fault import Fault, FaultTarget, Kind
from hivecheck.faults.process.limits import limit, soft_limit
from hivecheck.wording import counted

MIB = 1024 * 1024


@dataclass
class FileLimit:
    """Writes beyond the limit fail. Open files stay readable."""

    most_bytes: int
    description: str
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = ""
    example_target: str = "registry"
    act: str = "limited in its files"
    requires: frozenset[str] = frozenset({"exec"})

    def inject(self, fault_target: FaultTarget) -> None:
        database_of(fault_target)
        limit(fault_target, resource.RLIMIT_FSIZE, self.most_bytes)

    def effect(self, fault_target: FaultTarget) -> str | None:
        is_limited = self._is_limited(fault_target)
        return f"the file size limit of process {fault_target.pid} is {counted(self.most_bytes, 'byte')}" if is_limited else None

    def remove(self, fault_target: FaultTarget) -> None:
        if fault_target.state() is not None:
            limit(fault_target, resource.RLIMIT_FSIZE, None)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        is_limited = fault_target.state() is not None and self._is_limited(fault_target)
        return f"the file size limit of process {fault_target.pid} is still {counted(self.most_bytes, 'byte')}" if is_limited else None

    def _is_limited(self, fault_target: FaultTarget) -> bool:
        return soft_limit(fault_target, resource.RLIMIT_FSIZE) == self.most_bytes


def file_limits() -> dict[str, Callable[[], Fault]]:
    """Rows for FAULTS."""
    none = "The service can write to no file, as on a full disk; open files stay readable."
    large = "No file of the service may grow beyond 1 MiB; smaller files can still be written."
    too_large = "no eligible target writes a file that large"
    return {
        "a file write limit of 0 bytes": partial(FileLimit, 0, none, frozenset({Kind.REGISTRY})),
        "a file write limit of 1 MiB": partial(FileLimit, MIB, large, excluded_because=too_large, example_target="hive-1"),
    }
