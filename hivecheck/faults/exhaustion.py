"""A worker wants more memory than its node is left with, and the kernel kills it: an OOM kill, no imitation of one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from hivecheck.clients.control import ControlClient
from hivecheck.errors import ClientError, InconclusiveError
from hivecheck.faults.fault import Victim
from hivecheck.platforms.platform import EngineControl, Node

MIB = 1024 * 1024
HEADROOM_BYTES = 48 * MIB  # for what the node does besides; the engine refuses a limit below what is in use (cgroup v1)
WANTED_MIB = 512  # more than a node may ever have
# Whichever version of control groups the kernel has; both name the count `oom_kill`. Then whether a process is there. No other program is
# started, which would take its memory from where there is none; and nothing of the process is read from /proc: that holds its memory fast
# while it dies, and as long as it is not free the kernel goes on and kills the next.
LOOK = """for f in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
[ -r $f ] && while read -r l; do echo "$l"; done < $f; done
kill -0 $0 && echo there; true"""


@dataclass
class Exhaustion:
    """Its hive starts it again, by its restart policy. Strikes whom the kernel chooses: the effect is that this is the victim."""

    done: str = "killed for want of memory"
    needs: frozenset[str] = frozenset({"memory"})
    _before: int = 0
    _outside: frozenset[int] = frozenset()  # the ids of the struck process as the engine sees it

    def inject(self, victim: Victim) -> None:
        self._before = kernel_kills(victim)
        engine = _engine(victim)
        self._outside = running(victim.node, victim.name)
        engine.limit_memory(engine.usage().memory_bytes + HEADROOM_BYTES)
        hive = ControlClient(victim.node.url, victim.stack.secrets.token)
        model = next(iter(victim.stack.registry.workers()[victim.name]["models"]))
        body = {"model": model, "messages": [{"role": "user", "content": "want"}], "max_tokens": 1}
        with contextlib.suppress(ClientError):  # whether an answer comes is up to the hive: what counts is the kernel's word
            path = f"/workers/{victim.name}/v1/chat/completions"
            hive.ask("POST", path, body=body, headers={"X-Simulate": f"fault=allocate:{WANTED_MIB}"})
        hive.close()

    def effect(self, victim: Victim) -> str | None:
        if self._outside & running(victim.node, victim.name):
            return None
        after, is_there = look(victim)
        if after <= self._before or is_there:
            return None
        return f"the kernel's count of kills for want of memory went from {self._before} to {after}, process {victim.pid} is gone"

    def heal(self, victim: Victim) -> None:
        _engine(victim).restore_memory()

    def residue(self, victim: Victim) -> str | None:
        if _engine(victim).is_memory_limited():
            return f"{victim.node.name} is still held to less memory"
        return victim.not_replaced()


def running(node: Node, worker: str) -> frozenset[int]:
    """The processes of a worker, by the engine's word; none where there is no engine.

    Nobody looks inside while memory is short there: the engine's helper wants some, too, and while the kernel takes back what its victim
    had, one more who wants memory makes it kill the next. Seen here: three workers within 25 ms, two of them for want of the helper.
    """
    told = node.engine.commands() if node.engine else {}
    return frozenset(pid for pid, command in told.items() if f"name={worker}" in command.split())


def kernel_kills(victim: Victim) -> int:
    """How many processes of the victim's node the kernel has killed for want of memory, by its own count."""
    return look(victim)[0]


def look(victim: Victim) -> tuple[int, bool]:
    """The kernel's count at the victim's node, and whether the struck process is still there. Raises ClientError when there is no count."""
    lines = victim.node.run(["sh", "-c", LOOK, str(victim.pid)]).output.splitlines()
    counts = [int(line.split()[1]) for line in lines if line.startswith("oom_kill ")]
    if not counts:
        raise ClientError(f"{victim.node.name} shows no count of kills for want of memory: {lines}")
    return sum(counts), "there" in lines


def _engine(victim: Victim) -> EngineControl:
    """A worker shares its node's memory: so the whole node's is what is limited."""
    if victim.node.engine is None or victim.is_node:
        raise InconclusiveError(f"wanted: a worker that shares the memory of a container\ngot: {victim.name} on {victim.node.name}")
    return victim.node.engine
