"""The database file of a service, and programs on it.

They run at the node, or on this machine if it has the file and lists the node's processes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hivecheck.errors import ClientError
from hivecheck.faults.fault import FaultTarget
from hivecheck.platforms.node_program import python_command

DATABASES = {"registry": "registry.db", "orchestrator": "usage.sqlite", "hive": "catalogue.db"}
LOCAL_SECONDS = 10.0


def database_of(fault_target: FaultTarget) -> str:
    """The file's name. Raises ClientError for a target without a database."""
    name = DATABASES.get(fault_target.node.service)
    if name is None or not fault_target.is_node:
        raise ClientError(f"expected: a node with a database ({', '.join(DATABASES)})\nactual: {fault_target.name}\nnext: name such a node")
    return name


def run_at_node(fault_target: FaultTarget, program: Path, *arguments: str) -> str:
    """The output of a program at the node; the places of the database follow its arguments. Raises ClientError when it fails."""
    name = database_of(fault_target)
    result = fault_target.node.run(python_command(program, *arguments, f"data/{name}", f"/data/{name}"))
    if result.exit_code:
        raise _failure(program, f"{name} of {fault_target.name}", result.output)
    return result.output.strip()


def run_here(path: Path, program: Path, *arguments: str) -> str:
    """The output of a program on this machine, where process ids are those of this machine. Raises ClientError when it fails."""
    command = python_command(program, *arguments, str(path), interpreter=sys.executable)
    result = subprocess.run(command, capture_output=True, text=True, timeout=LOCAL_SECONDS, check=False)
    if result.returncode:
        raise _failure(program, str(path), result.stderr)
    return result.stdout.strip()


def local_path(fault_target: FaultTarget) -> Path | None:
    """The database's path on this machine, if this machine lists the node's processes, too: then no command at the node is needed."""
    return fault_target.node.path_of(database_of(fault_target)) if fault_target.node.proc_of(fault_target.pid) else None


def _failure(program: Path, database: str, output: str) -> ClientError:
    return ClientError(f"expected: {program.name} succeeds on {database}\nactual: {output.strip()}\nnext: check that the file exists")
