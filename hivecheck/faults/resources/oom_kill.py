"""A worker allocates more memory than its node has left, and the kernel kills it: a real OOM kill."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError, InconclusiveError, Reason
from hivecheck.faults.fault import FaultTarget, Kind
from hivecheck.faults.resources.memory import kernel_kills, memory
from hivecheck.platforms.platform import EngineControl

MIB = 1024 * 1024
HEADROOM_BYTES = 48 * MIB  # for the node's other processes; the engine refuses a limit below the memory in use (cgroup v1)
ALLOCATED_MIB = 512  # more than a node may ever have


@dataclass
class OomKill:
    """The hive starts the worker again, by its restart policy. The kernel chooses the process; the effect is that it chose the target."""

    act: str = "OOM-killed"
    description: str = "A worker allocates more memory than its node has left, and the kernel kills it: a real OOM kill."
    requires: frozenset[str] = frozenset({"memory"})
    eligible_for: frozenset[Kind] = frozenset()
    excluded_because: str = "it limits the memory of a whole hive, and the kernel may choose another worker"
    example_target: str = "worker-1"
    _before: int = 0
    _commands: dict[int, str] = field(default_factory=dict)  # of the node's processes before the injection, as the engine lists them

    def inject(self, fault_target: FaultTarget) -> None:
        engine = _engine(fault_target)
        self._before, self._commands = kernel_kills(fault_target), engine.commands()
        engine.limit_memory(memory(fault_target).used + HEADROOM_BYTES)
        hive = ControlClient(fault_target.node.url, fault_target.stack.secrets.token)
        model = next(iter(fault_target.stack.registry.workers()[fault_target.name]["models"]))
        body = {"model": model, "messages": [{"role": "user", "content": "allocate"}], "max_tokens": 1}
        with contextlib.suppress(ClientError):  # the answer is the hive's affair: the kernel's count is the evidence
            path = f"/workers/{fault_target.name}/v1/chat/completions"
            hive.ask("POST", path, body=body, headers={"X-Simulate": f"fault=allocate:{ALLOCATED_MIB}"})
        hive.close()

    def effect(self, fault_target: FaultTarget) -> str | None:
        injected = running(self._commands, fault_target.name)
        if not injected or injected & set(_engine(fault_target).commands()):
            return None
        after = kernel_kills(fault_target)
        if after <= self._before:
            return None
        return f"the kernel's count of OOM kills rose from {self._before} to {after}, and process {fault_target.pid} has exited"

    def remove(self, fault_target: FaultTarget) -> None:
        _engine(fault_target).restore_memory()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        if _engine(fault_target).is_memory_limited():
            return f"the memory limit of {fault_target.node.name} is still lowered"
        return fault_target.not_replaced()


def running(commands: Mapping[int, str], worker: str) -> frozenset[int]:
    """The processes of a worker among those of its node, as the engine lists them.

    Do not `docker exec` during an OOM. The exec process allocates memory too and can trigger a second OOM kill.
    Three kills within 25 ms were observed.
    """
    return frozenset(pid for pid, command in commands.items() if f"name={worker}" in command.split())


def _engine(fault_target: FaultTarget) -> EngineControl:
    """The engine's control of the worker's node. The limit holds for the whole node, because its workers share the memory."""
    if fault_target.node.engine is None or fault_target.is_node:
        raise InconclusiveError(
            f"expected: a worker that shares the memory of a container\nactual: {fault_target.name} on {fault_target.node.name}\n"
            "next: use --platform docker and name a worker that a hive manages",
            reason=Reason.USAGE_ERROR,
        )
    return fault_target.node.engine
