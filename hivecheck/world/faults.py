"""Resolves the targets of faults as Gherkin names them, and injects. Random choices come from the scenario's seed."""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hivecheck.errors import ClientError, InconclusiveError, UsageError
from hivecheck.faults.fault import FaultTarget
from hivecheck.faults.injector import Injector
from hivecheck.stack.stack import Stack
from hivecheck.world.cluster.workers import SERVING, THAT, Workers

ONE_OF, HALF_OF, EVERY_OF = (
    re.compile(r"one worker of (\S+)"),
    re.compile(r"half the workers(?: of (\S+))?"),
    re.compile(r"every worker of (\S+)"),
)


@dataclass
class Faults:
    """`the worker ...` selectors mean the same as in every other step."""

    stack: Stack
    workers: Workers
    injector: Injector
    random: random.Random

    def inject(self, fault: str, target: str, seconds: float | None = None) -> None:
        """Returns once the effect was observed. With `seconds`, a timer removes the fault after them."""
        self.injector.inject(fault, target, [FaultTarget.named(name, self.stack) for name in self.named(target)], seconds)

    def remove(self, fault: str, target: str) -> None:
        """Returns once nothing of this fault is left on the target; the target in the words of its injection, or by name."""
        self.injector.heal(self.workers.called(target) if target == THAT else target, fault)

    def await_end(self, fault: str, target: str) -> None:
        """Returns when the duration of this fault on the target is over and nothing of it is left."""
        self.injector.await_end(self.workers.called(target) if target == THAT else target, fault)

    def named(self, target: str) -> list[str]:
        """The nodes and workers that a target means now. Raises UsageError for an unknown name, InconclusiveError for an empty group."""
        if target in (SERVING, THAT):
            return [self.workers.called(target)]
        if target in self.stack.nodes:
            return [target]  # without a request to the registry, which may be under a fault itself
        # Sorted names, because a seed repeats a choice only from the same list in the same order.
        models = self.workers_by_model()
        workers = sorted({name for names in models.values() for name in names})
        if match := ONE_OF.fullmatch(target):
            return [self.random.choice(_some(models.get(match[1], []), target))]
        if match := HALF_OF.fullmatch(target):
            # Half is rounded down, but a single worker is still a target: a fault without a target proves nothing.
            of = _some(models.get(match[1], []) if match[1] else workers, target)
            return sorted(self.random.sample(of, max(1, len(of) // 2)))
        if match := EVERY_OF.fullmatch(target):
            hive = self.stack.hives.get(match[1])
            return _some(sorted(hive.workers()) if hive else models.get(match[1], []), target)
        if target not in workers:
            raise UsageError(
                f"expected: a fault target\nactual: {target!r}\n"
                f"next: name a node ({', '.join(self.stack.nodes)}) or a worker ({', '.join(workers)})"
            )
        return [target]

    def workers_by_model(self) -> dict[str, list[str]]:
        """Model -> the workers that the registry lists now."""
        found: dict[str, list[str]] = {}
        for worker, entry in sorted(self.stack.registry.workers().items()):
            for model in entry["models"]:
                found.setdefault(model, []).append(worker)
        return found


def epoch_of(fault_target: FaultTarget, under_fault: Sequence[FaultTarget]) -> int | None:
    """A worker's epoch in the registry; None for a target that is no worker. `under_fault` are all targets of active faults."""
    if fault_target.is_node and fault_target.node.service != "worker":
        return None
    stack = fault_target.stack
    # A paused registry accepts a connection and never answers. The gateway keeps its last known list, which replaces it.
    if not any(target.node.service == "registry" for target in under_fault):
        with contextlib.suppress(ClientError):
            return _epoch(stack.registry.services("worker", status="all"), fault_target.name)
    return _epoch(stack.orchestrator.workers(), fault_target.name)


def _epoch(workers: dict[str, dict[str, int]], name: str) -> int:
    return int(workers.get(name, {}).get("epoch", 0))


def _some(names: list[str], target: str) -> list[str]:
    if not names:
        raise InconclusiveError(
            f"expected: workers that match {target!r}\nactual: the registry lists none now\nnext: wait until they are registered"
        )
    return names
