"""The end of a drain: requests that are still being served when the deadline comes are cut off, so that they can be booked and told."""

from __future__ import annotations

import asyncio
from types import TracebackType


class DrainDeadline:
    """The tasks that serve requests."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def serving(self) -> Serving:
        """The current task serves a request for the length of a `with` block."""
        return Serving(self._tasks)

    def cut(self) -> None:
        """Cancel every one of them."""
        for task in self._tasks:
            task.cancel()


class Serving:
    """One task under way."""

    __slots__ = ("_task", "_tasks")

    def __init__(self, tasks: set[asyncio.Task[object]]) -> None:
        self._tasks = tasks
        self._task = asyncio.current_task()

    def __enter__(self) -> None:
        assert self._task is not None  # a coroutine always runs in one
        self._tasks.add(self._task)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._task is not None
        self._tasks.discard(self._task)
