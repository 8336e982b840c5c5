"""Whom faults strike, as Gherkin points at them, and the strikes of this scenario. Random choice comes from the scenario's seed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from hivecheck.errors import InconclusiveError, UsageError
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
        """Returns once the fault was seen to bite; with `seconds` it heals by itself after them."""
        self.injector.inject(fault, target, [FaultTarget.named(name, self.stack) for name in self.named(target)], seconds)

    def remove(self, fault: str, target: str) -> None:
        """Returns once nothing of this fault is left on the target; the target in the words of its injection, or by name."""
        self.injector.heal(self.workers.called(target) if target == THAT else target, fault)

    def await_end(self, fault: str, target: str) -> None:
        """Returns when the duration of this fault on the target is over and nothing of it is left."""
        self.injector.await_end(self.workers.called(target) if target == THAT else target, fault)

    def named(self, target: str) -> list[str]:
        """The nodes and workers a target means now. Raises UsageError for a name nobody has, InconclusiveError where nobody fits."""
        if target in (SERVING, THAT):
            return [self.workers.called(target)]
        if target in self.stack.nodes:
            return [target]  # without asking the registry, which may be struck itself
        models = self.workers_by_model()
        everyone = sorted({name for names in models.values() for name in names})
        if match := ONE_OF.fullmatch(target):
            return [self.random.choice(_some(models.get(match[1], []), target))]
        if match := HALF_OF.fullmatch(target):
            of = _some(models.get(match[1], []) if match[1] else everyone, target)
            return sorted(self.random.sample(of, max(1, len(of) // 2)))
        if match := EVERY_OF.fullmatch(target):
            hive = self.stack.hives.get(match[1])
            return _some(sorted(hive.workers()) if hive else models.get(match[1], []), target)
        if target not in everyone:
            raise UsageError(f"There is no {target!r} to strike. Nodes: {', '.join(self.stack.nodes)}; workers: {', '.join(everyone)}.")
        return [target]

    def workers_by_model(self) -> dict[str, list[str]]:
        """Model -> the workers that can be routed to now."""
        found: dict[str, list[str]] = {}
        for worker, entry in sorted(self.stack.registry.workers().items()):
            for model in entry["models"]:
                found.setdefault(model, []).append(worker)
        return found


def _some(names: list[str], target: str) -> list[str]:
    if not names:
        raise InconclusiveError(f"expected: somebody to strike with {target!r}\nactual: no such worker is registered now")
    return names
