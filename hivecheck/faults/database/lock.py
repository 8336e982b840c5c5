"""Another process holds the write lock of a service's database."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults import programs
from hivecheck.faults.database.file import local_path, run_at_node, run_here
from hivecheck.faults.fault import FaultTarget, Kind

NO_HOLDER = "0"


@dataclass
class DatabaseLock:
    """Every write fails, and reads succeed. Proven by the kernel's list of locks."""

    act: str = "its database was locked"
    description: str = "Another process holds the database's write lock: every write fails, and reads succeed."
    requires: frozenset[str] = frozenset({"exec"})
    eligible_for: frozenset[Kind] = frozenset({Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "registry"
    _holder: str = ""

    def inject(self, fault_target: FaultTarget) -> None:
        self._holder = run_at_node(fault_target, programs.DATABASE_LOCK, "lock", NO_HOLDER)

    def effect(self, fault_target: FaultTarget) -> str | None:
        return f"process {self._holder} holds the write lock" if self._is_held(fault_target) else None

    def remove(self, fault_target: FaultTarget) -> None:
        path = local_path(fault_target)
        if path is None and self._holder:
            run_at_node(fault_target, programs.DATABASE_LOCK, "free", self._holder)
        elif path is not None and (holder := self._local_holder(fault_target)):
            run_here(path, programs.DATABASE_LOCK, "free", holder)

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return f"process {self._holder} still holds the write lock" if self._is_held(fault_target) else None

    def _is_held(self, fault_target: FaultTarget) -> bool:
        path = local_path(fault_target)
        if path is None:
            return bool(self._holder) and run_at_node(fault_target, programs.DATABASE_LOCK, "holder", NO_HOLDER) == self._holder
        holder = self._local_holder(fault_target)
        return bool(holder) and run_here(path, programs.DATABASE_LOCK, "holder", NO_HOLDER) == holder

    def _local_holder(self, fault_target: FaultTarget) -> str:
        """The holder's process id on this machine; empty without a running holder."""
        folder = fault_target.node.proc_of(int(self._holder)) if self._holder else None
        return folder.name if folder else ""
