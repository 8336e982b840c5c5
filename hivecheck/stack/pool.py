"""The stacks of a run: shared by scenarios of one topology while they stay at their baseline, rebuilt when they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hivecheck.platforms.platform import Platform
from hivecheck.stack.stack import Stack
from hivecheck.targets.target import Target
from hivecheck.targets.topology_adapter import arranged
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology

Announce = Callable[[Stack], None]


class StackPool:
    """`starting` and `ready` are called with every stack. `down` returns what a stack left behind. `numbers` make names unique."""

    def __init__(
        self,
        platform: Platform,
        timeouts: Timeouts,
        starting: Announce,
        ready: Announce,
        target: Target | None,
        numbers: Iterator[int],
    ) -> None:
        self._platform = platform
        self._timeouts = timeouts
        self._starting = starting
        self._ready = ready
        self._target = target
        self._shared: dict[str, Stack] = {}
        self._own: list[Stack] = []
        self._numbers = numbers

    def shared(self, name: str) -> Stack:
        """The stack of this topology that scenarios share; brought up if there is none."""
        if name not in self._shared:
            self._shared[name] = self._up(name)
        return self._shared[name]

    def own(self, name: str) -> Stack:
        """A stack for one scenario alone."""
        stack = self._up(name)
        self._own.append(stack)
        return stack

    def is_own(self, stack: Stack) -> bool:
        return stack in self._own

    def forget(self, stack: Stack) -> None:
        """This stack leaves the pool, because a person keeps it or it is down."""
        self._shared = {name: other for name, other in self._shared.items() if other is not stack}
        self._own = [other for other in self._own if other is not stack]

    def down(self, stack: Stack) -> list[str]:
        """Take one stack down; returns what it left behind."""
        self.forget(stack)
        return stack.down()

    def all(self) -> list[Stack]:
        return [*self._shared.values(), *self._own]

    def _up(self, name: str) -> Stack:
        declared = topology.load(name)
        if self._target:
            declared = arranged(declared, self._target)
        stack = Stack(f"{name}-{next(self._numbers)}", declared, self._platform, self._timeouts, self._target)
        self._starting(stack)
        stack.up()
        self._ready(stack)
        return stack
