"""Cancels the requests that still run at the drain deadline. Their clients get a shutdown error and their ledger entries settle."""

from __future__ import annotations

import asyncio
from types import TracebackType


class DrainDeadline:
    """Knows the tasks that serve requests."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def serving(self) -> Serving:
        """Register the current task for the length of a `with` block."""
        return Serving(self._tasks)

    def cancel_all(self) -> None:
        """Cancel every registered task."""
        for task in self._tasks:
            task.cancel()


class Serving:
    """One registered task."""

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
