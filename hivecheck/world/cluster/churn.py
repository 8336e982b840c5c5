"""Workers that come and go several at a time, and what is there afterwards: processes, hives, registry and routing must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from hivecheck.stack.stack import Stack
from hivecheck.waiting import eventually, must_eventually
from hivecheck.world.cluster.workers import Workers


@dataclass
class Churn:
    """`came` are the workers that were started here, oldest first; those that were removed again are taken out."""

    stack: Stack
    workers: Workers
    came: list[str] = field(default_factory=list)
    went: list[str] = field(default_factory=list)

    def start(self, count: int, model: str, hive: str) -> None:
        """So many more workers, all at once; returns when each can be routed to."""
        first = len(self.came) + len(self.went) + 1
        fresh = [f"worker-new-{number}" for number in range(first, first + count)]
        self._at_once(lambda name: self.workers.start(name, model, hive), fresh)
        self.came += fresh
        for name in fresh:
            eventually(lambda name=name: self._is_routed(name), within=self.stack.timeouts.restart, what=f"{name} routed")  # type: ignore[misc]

    def remove(self, count: int, hive: str) -> None:
        """The oldest so many of those that came leave, all at once; returns when each has ended, as its hive says."""
        leavers, self.came = self.came[:count], self.came[count:]
        self._at_once(lambda name: self.workers.remove(name, hive), leavers)
        self.went += leavers

    def must_agree(self, within: float) -> None:
        """Each worker that should be there is one process, and hives, registry and orchestrator list exactly those workers."""
        expected = Counter([*self.stack.topology.workers(), *self.came])
        for place, look in self._places().items():
            must_eventually(look, within=within, what=f"{sorted(expected)} once each {place}", until=lambda seen: seen == expected)

    def _places(self) -> dict[str, Callable[[], Counter[str]]]:
        return {
            "as a process": self._processes,
            "at its hive": lambda: Counter(name for hive in self.stack.hives.values() for name in hive.workers()),
            "in the registry": lambda: Counter(list(self.stack.registry.workers())),
            "in routing": lambda: Counter(
                name for name in [*self.stack.topology.workers(), *self.came, *self.went] if self._is_routed(name)
            ),
        }

    def _processes(self) -> Counter[str]:
        """How many processes serve as each worker, on all hives' nodes, whoever still knows of them."""
        commands = [process.command for hive in self.stack.hives for process in self.stack.nodes[hive].processes()]
        names = [word.removeprefix("name=") for command in commands for word in command.split() if word.startswith("name=")]
        return Counter(names)

    def _is_routed(self, worker: str) -> bool:
        shown = self.stack.orchestrator.worker(worker)
        return bool(shown and shown["status"] == "online")

    def _at_once(self, act: Callable[[str], None], names: list[str]) -> None:
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(act, names))
