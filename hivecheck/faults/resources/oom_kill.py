"""A worker wants more memory than its node is left with, and the kernel kills it: an OOM kill, no imitation of one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.resources.memory import kernel_kills, memory
from hivecheck.platforms.platform import EngineControl

MIB = 1024 * 1024
HEADROOM_BYTES = 48 * MIB  # for what the node does besides; the engine refuses a limit below what is in use (cgroup v1)
WANTED_MIB = 512  # more than a node may ever have


@dataclass
class OomKill:
    """Its hive starts it again, by its restart policy. Strikes whom the kernel chooses: the effect is that this is the victim."""

    act: str = "killed for want of memory"
    description: str = "A worker wants more memory than its node is left with, and the kernel kills it: an OOM kill, no imitation of one."
    requires: frozenset[str] = frozenset({"memory"})
    _before: int = 0
    _commands: dict[int, str] = field(default_factory=dict)  # of the node's processes before the strike, as the engine sees them

    def inject(self, fault_target: FaultTarget) -> None:
        engine = _engine(fault_target)
        self._before, self._commands = kernel_kills(fault_target), engine.commands()
        engine.limit_memory(memory(fault_target).used + HEADROOM_BYTES)
        hive = ControlClient(fault_target.node.url, fault_target.stack.secrets.token)
        model = next(iter(fault_target.stack.registry.workers()[fault_target.name]["models"]))
        body = {"model": model, "messages": [{"role": "user", "content": "want"}], "max_tokens": 1}
        with contextlib.suppress(ClientError):  # whether an answer comes is up to the hive: what counts is the kernel's word
            path = f"/workers/{fault_target.name}/v1/chat/completions"
            hive.ask("POST", path, body=body, headers={"X-Simulate": f"fault=allocate:{WANTED_MIB}"})
        hive.close()

    def effect(self, fault_target: FaultTarget) -> str | None:
        injected = running(self._commands, fault_target.name)
        if not injected or injected & set(_engine(fault_target).commands()):
            return None
        after = kernel_kills(fault_target)
        if after <= self._before:
            return None
        return f"the kernel's count of kills for want of memory went from {self._before} to {after}, process {fault_target.pid} is gone"

    def remove(self, fault_target: FaultTarget) -> None:
        _engine(fault_target).restore_memory()

    def remaining(self, fault_target: FaultTarget) -> str | None:
        if _engine(fault_target).is_memory_limited():
            return f"{fault_target.node.name} is still held to less memory"
        return fault_target.not_replaced()


def running(commands: Mapping[int, str], worker: str) -> frozenset[int]:
    """The processes of a worker among those of its node, by the engine's word.

    Nobody looks inside while memory is short there: the engine's helper wants some, too, and while the kernel takes back what its victim
    had, one more who wants memory makes it kill the next. Seen here: three workers within 25 ms, two of them for want of the helper.
    """
    return frozenset(pid for pid, command in commands.items() if f"name={worker}" in command.split())


def _engine(fault_target: FaultTarget) -> EngineControl:
    """A worker shares its node's memory: so the whole node's is what is limited."""
    if fault_target.node.engine is None or fault_target.is_node:
        raise InconclusiveError(
            f"expected: a worker that shares the memory of a container\nactual: {fault_target.name} on {fault_target.node.name}"
        )
    return fault_target.node.engine
