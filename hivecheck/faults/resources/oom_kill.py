"""A worker wants more memory than its node is left with, and the kernel kills it: an OOM kill, no imitation of one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import Victim
from hivecheck.faults.resources.memory import kernel_kills, memory
from hivecheck.platforms.platform import EngineControl

MIB = 1024 * 1024
HEADROOM_BYTES = 48 * MIB  # for what the node does besides; the engine refuses a limit below what is in use (cgroup v1)
WANTED_MIB = 512  # more than a node may ever have


@dataclass
class Exhaustion:
    """Its hive starts it again, by its restart policy. Strikes whom the kernel chooses: the effect is that this is the victim."""

    done: str = "killed for want of memory"
    told: str = "A worker wants more memory than its node is left with, and the kernel kills it: an OOM kill, no imitation of one."
    needs: frozenset[str] = frozenset({"memory"})
    _before: int = 0
    _commands: dict[int, str] = field(default_factory=dict)  # of the node's processes before the strike, as the engine sees them

    def inject(self, victim: Victim) -> None:
        engine = _engine(victim)
        self._before, self._commands = kernel_kills(victim), engine.commands()
        engine.limit_memory(memory(victim).used + HEADROOM_BYTES)
        hive = ControlClient(victim.node.url, victim.stack.secrets.token)
        model = next(iter(victim.stack.registry.workers()[victim.name]["models"]))
        body = {"model": model, "messages": [{"role": "user", "content": "want"}], "max_tokens": 1}
        with contextlib.suppress(ClientError):  # whether an answer comes is up to the hive: what counts is the kernel's word
            path = f"/workers/{victim.name}/v1/chat/completions"
            hive.ask("POST", path, body=body, headers={"X-Simulate": f"fault=allocate:{WANTED_MIB}"})
        hive.close()

    def effect(self, victim: Victim) -> str | None:
        struck = running(self._commands, victim.name)
        if not struck or struck & set(_engine(victim).commands()):
            return None
        after = kernel_kills(victim)
        if after <= self._before:
            return None
        return f"the kernel's count of kills for want of memory went from {self._before} to {after}, process {victim.pid} is gone"

    def heal(self, victim: Victim) -> None:
        _engine(victim).restore_memory()

    def residue(self, victim: Victim) -> str | None:
        if _engine(victim).is_memory_limited():
            return f"{victim.node.name} is still held to less memory"
        return victim.not_replaced()


def running(commands: Mapping[int, str], worker: str) -> frozenset[int]:
    """The processes of a worker among those of its node, by the engine's word.

    Nobody looks inside while memory is short there: the engine's helper wants some, too, and while the kernel takes back what its victim
    had, one more who wants memory makes it kill the next. Seen here: three workers within 25 ms, two of them for want of the helper.
    """
    return frozenset(pid for pid, command in commands.items() if f"name={worker}" in command.split())


def _engine(victim: Victim) -> EngineControl:
    """A worker shares its node's memory: so the whole node's is what is limited."""
    if victim.node.engine is None or victim.is_node:
        raise InconclusiveError(f"wanted: a worker that shares the memory of a container\ngot: {victim.name} on {victim.node.name}")
    return victim.node.engine
