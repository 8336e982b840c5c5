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
        self._stacks: list[Stack] = []
        self._shared: dict[str, Stack] = {}
        self._numbers = numbers

    def shared(self, name: str) -> Stack:
        """The stack of this topology that scenarios share; brought up if there is none."""
        if name not in self._shared:
            self._shared[name] = self._up(name)
        return self._shared[name]

    def own(self, name: str) -> Stack:
        """A stack for one scenario alone."""
        return self._up(name)

    def is_own(self, stack: Stack) -> bool:
        return stack not in self._shared.values()

    def forget(self, stack: Stack) -> None:
        """This stack leaves the pool, because a person keeps it or it is down."""
        self._shared = {name: other for name, other in self._shared.items() if other is not stack}
        self._stacks = [other for other in self._stacks if other is not stack]

    def down(self, stack: Stack) -> list[str]:
        """Take one stack down; returns what it left behind. After an interruption the pool still knows the stack."""
        left = stack.down()
        self.forget(stack)
        return left

    def all(self) -> list[Stack]:
        """Every stack that may have nodes."""
        return list(self._stacks)

    def _up(self, name: str) -> Stack:
        declared = topology.load(name)
        if self._target:
            declared = arranged(declared, self._target)
        stack = Stack(f"{name}-{next(self._numbers)}", declared, self._platform, self._timeouts, self._target)
        # Before its first node: after an interruption at any moment `all` has the stack.
        self._stacks.append(stack)
        self._starting(stack)
        try:
            stack.up()
        except Exception:
            self.forget(stack)  # it is down already
            raise
        self._ready(stack)
        return stack
