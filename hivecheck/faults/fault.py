"""The interface of a fault, and its target. Protocols and data only."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from hivecheck.errors import ClientError, InconclusiveError, Reason
from hivecheck.platforms.platform import EngineControl, Node
from hivecheck.stack.stack import Stack


class Kind(StrEnum):
    """Targets of random faults. A worker can be of several kinds."""

    WORKER = "any worker"
    OWN_NODE = "a worker that is a node of its own"
    ADMIN_WORKER = "a worker with an admin listener"
    REGISTRY = "the registry"


@dataclass(frozen=True)
class FaultTarget:
    """A node's service, or a worker that a hive manages. `pid` is the process at injection, as its node lists it."""

    name: str
    node: Node
    pid: int
    stack: Stack

    @classmethod
    def named(cls, name: str, stack: Stack) -> FaultTarget:
        """The node or worker of that name as it runs now. Raises ClientError when it does not run."""
        if name in stack.nodes:
            node = stack.nodes[name]
            own = node.processes()
            return cls(name, node, own[0].pid if own else 0, stack)
        node, pid = stack.node_of(name)
        return cls(name, node, pid, stack)

    @property
    def is_node(self) -> bool:
        """Whether the target is a node of its own: an engine acts on whole nodes."""
        return self.name == self.node.name

    @property
    def engine(self) -> EngineControl:
        """The engine's control of this node. Raises InconclusiveError without one, or where it would affect more than the target."""
        if self.node.engine is None or not self.is_node:
            raise InconclusiveError(
                f"expected: {self.name} is a node of its own, in a container\n"
                f"actual: {self._placement()}\n"
                "next: use --platform docker and a topology in which the target is a node",
                reason=Reason.USAGE_ERROR,
            )
        return self.node.engine

    def _placement(self) -> str:
        platform = self.stack.platform.name
        return f"{self.name} is a node of platform {platform}" if self.is_node else f"{self.name} is a worker inside node {self.node.name}"

    def not_replaced(self) -> str | None:
        """What is missing until a new process runs in place of the one at injection; None when one does.

        A hive reports the old process id until it notices the exit. That id proves nothing.
        """
        try:
            now = FaultTarget.named(self.name, self.stack)
        except ClientError as error:
            return str(error)
        if not now.pid:
            return f"{self.name} does not run"
        is_unnoticed = not self.is_node and now.pid == self.pid and self.state() is None
        return f"the hive still reports process {self.pid} of {self.name}, which has exited" if is_unnoticed else None

    def proc(self, name: str) -> str:
        """A file of /proc/<pid> of the target's process. Raises ClientError when the process has exited."""
        folder = self.node.proc_of(self.pid)
        with contextlib.suppress(OSError):  # this machine may hide the processes of a container
            if folder is not None:
                return (folder / name).read_text(errors="replace")
        result = self.node.run(["cat", f"/proc/{self.pid}/{name}"])
        if result.exit_code:
            raise ClientError(
                f"expected: /proc/{self.pid}/{name} of {self.name}\nactual: {result.output.strip()}\nnext: read the log of {self.node.name}"
            )
        return result.output

    def descriptors(self) -> int:
        """The number of open file descriptors of the target's process, as the kernel lists them."""
        folder = self.node.proc_of(self.pid)
        with contextlib.suppress(OSError):
            if folder is not None:
                return len(list((folder / "fd").iterdir()))
        return len(self.node.run(["ls", f"/proc/{self.pid}/fd"]).output.split())

    def state(self) -> str | None:
        """The state letter in /proc/<pid>/stat of the target's process; None when it has exited."""
        return {view.pid: view.state for view in self.node.processes()}.get(self.pid)


class Fault(Protocol):
    """One way to break something. Each injection makes a new object.

    `act` completes "the target was ..." in history. `description` is one sentence for docs/faults.md.
    `eligible_for` are the targets of random injection. A fault without any states the reason in `excluded_because`.
    `example_target` is a target for which the docs can show a step.
    """

    requires: frozenset[str]
    act: str
    description: str
    eligible_for: frozenset[Kind]
    excluded_because: str
    example_target: str

    def inject(self, fault_target: FaultTarget) -> None:
        """Apply the fault. Its removal is registered already, so a fault with half its effect is removed as well.

        Raises InconclusiveError with Reason.USAGE_ERROR, before any harm, for a target that it cannot have.
        """

    def effect(self, fault_target: FaultTarget) -> str | None:
        """The observation that proves the effect; None while there is none."""

    def remove(self, fault_target: FaultTarget) -> None:
        """Undo the fault; harmless when there is nothing to undo."""

    def remaining(self, fault_target: FaultTarget) -> str | None:
        """The part of the fault that is still there; None when nothing is."""


@runtime_checkable
class StatsProvider(Protocol):
    """A fault that counts what it did."""

    def stats(self) -> dict[str, Any]:
        """Numbers for history after the removal, and `description`, the same as a sentence; empty when they are lost.

        `doubt` is the reason why the fault differed from its definition, if it did. Then no observation under it counts.
        """
