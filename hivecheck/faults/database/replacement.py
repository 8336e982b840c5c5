"""Another file takes the name of a service's database."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.faults import programs
from hivecheck.faults.database.file import database_of, run_at_node
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.faults.programs.database_replacement import MARK


@dataclass
class DatabaseReplacement:
    """The service writes to its old file, which has no name any more. Only the service can repair that."""

    act: str = "its database was replaced"
    description: str = "Another file takes the database's name, as after a wrong restore; writes to the old file are lost."
    requires: frozenset[str] = frozenset({"exec"})
    eligible_for: frozenset[Kind] = frozenset({Kind.REGISTRY})
    excluded_because: str = ""
    example_target: str = "registry"

    def inject(self, fault_target: FaultTarget) -> None:
        run_at_node(fault_target, programs.DATABASE_REPLACEMENT)

    def effect(self, fault_target: FaultTarget) -> str | None:
        name = database_of(fault_target)
        is_replaced = any(MARK.encode() in fault_target.node.read_file(each) for each in (name, f"{name}-wal"))
        return f"{name} is another file" if is_replaced else None

    def remove(self, fault_target: FaultTarget) -> None:
        """Nothing: the old file does not exist any more."""

    def remaining(self, fault_target: FaultTarget) -> str | None:
        return None
