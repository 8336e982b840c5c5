"""What a fault is: it strikes a victim, shows that it bit, heals, and shows that nothing of it is left. Protocols and data only."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.platforms.platform import EngineControl, Node
from hivecheck.stack.stack import Stack


@dataclass(frozen=True)
class FaultTarget:
    """Whom a fault strikes: a node's service, or a worker that a hive manages. `pid` is the struck process as its node sees it."""

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
        """Whether it is a node of its own: what an engine can do strikes a whole node."""
        return self.name == self.node.name

    @property
    def engine(self) -> EngineControl:
        """The engine's hand on this node. Raises InconclusiveError where there is none, or where it would strike more than the victim."""
        if self.node.engine is None or not self.is_node:
            raise InconclusiveError(
                f"expected: an engine that can strike {self.name} alone\nactual: a process of {self.node.name} on its platform"
            )
        return self.node.engine

    def not_replaced(self) -> str | None:
        """What is missing until a process runs in the place of the struck one; None when one does.

        A hive that has not noticed yet still tells the process id of the dead one: it is no sign of life.
        """
        try:
            now = FaultTarget.named(self.name, self.stack)
        except ClientError as error:
            return str(error)
        if not now.pid:
            return f"{self.name} does not run"
        is_unnoticed = not self.is_node and now.pid == self.pid and self.state() is None
        return f"the hive still takes process {self.pid} of {self.name} for alive" if is_unnoticed else None

    def proc(self, name: str) -> str:
        """A file of /proc/<pid> of the struck process. Raises ClientError when that is gone."""
        folder = self.node.proc_of(self.pid)
        with contextlib.suppress(OSError):  # not shown to us here
            if folder is not None:
                return (folder / name).read_text(errors="replace")
        done = self.node.run(["cat", f"/proc/{self.pid}/{name}"])
        if done.exit_code:
            raise ClientError(f"process {self.pid} of {self.name} shows no {name}: {done.output.strip()}")
        return done.output

    def descriptors(self) -> int:
        """How many file descriptors the struck process holds, as the kernel lists them."""
        folder = self.node.proc_of(self.pid)
        with contextlib.suppress(OSError):
            if folder is not None:
                return len(list((folder / "fd").iterdir()))
        return len(self.node.run(["ls", f"/proc/{self.pid}/fd"]).output.split())

    def state(self) -> str | None:
        """The letter of /proc/<pid>/stat of the struck process; None when it is gone."""
        return {view.pid: view.state for view in self.node.processes()}.get(self.pid)


class Fault(Protocol):
    """One way to break something; made anew for each strike. `done` is the deed in history: the victim was ... e.g. `killed`.

    `told` is what happens, in one sentence for docs/faults.md.
    """

    requires: frozenset[str]
    act: str
    description: str

    def inject(self, fault_target: FaultTarget) -> None:
        """Apply the fault. Its removal is registered already, so a fault with half its effect is removed as well."""

    def effect(self, fault_target: FaultTarget) -> str | None:
        """What was observed that proves that it bit; None as long as nothing does."""

    def remove(self, fault_target: FaultTarget) -> None:
        """Undo it; harmless when there is nothing to undo."""

    def remaining(self, fault_target: FaultTarget) -> str | None:
        """What is still there of it; None when nothing is."""


@runtime_checkable
class StatsProvider(Protocol):
    """A fault that keeps count of what it did."""

    def stats(self) -> dict[str, Any]:
        """For history, once it is healed: numbers, and `told`, the same in words; empty when nobody is left to tell.

        `doubt`: in words, why it was not what it was meant to be, if that is so; then nothing that was seen under it counts.
        """
