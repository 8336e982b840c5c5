"""Cancels the requests that still run at the drain deadline. Their clients get a shutdown error and their ledger entries settle."""

from __future__ import annotations

import asyncio
from types import TracebackType

from services import wire
from services.api_errors import ApiError
from services.orchestrator.request.context import RequestContext
from services.service import IS_ANSWERED


class DrainDeadline:
    """Knows the tasks that serve requests."""

    def __init__(self) -> None:
        self.has_passed = False
        self.tasks: set[asyncio.Task[object]] = set()

    def serving(self, context: RequestContext) -> Serving:
        """Register the current task for the length of a `with` block. The block of a cancelled request ends with its shutdown error."""
        return Serving(self, context)

    def cancel_all(self) -> None:
        """Cancel every registered task."""
        self.has_passed = True
        for task in self.tasks:
            task.cancel()


class Serving:
    """One registered task."""

    __slots__ = ("_context", "_deadline", "_task")

    def __init__(self, deadline: DrainDeadline, context: RequestContext) -> None:
        self._deadline = deadline
        self._context = context
        self._task = asyncio.current_task()

    def __enter__(self) -> None:
        assert self._task is not None  # a coroutine always runs in one
        self._deadline.tasks.add(self._task)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._task is not None
        self._deadline.tasks.discard(self._task)
        if isinstance(error, asyncio.CancelledError) and self._deadline.has_passed and not self._context.request.get(IS_ANSWERED):
            self._task.uncancel()
            raise _shutdown_error(self._context) from None


def _shutdown_error(context: RequestContext) -> ApiError:
    """The 503 of a request without a first byte."""
    error = ApiError("draining", "The gateway stops before the answer begins.", headers={wire.RETRY_AFTER: "1"})
    if context.attempts:  # A worker may have begun the work, and an SDK must not repeat it.
        error.headers[wire.SHOULD_RETRY] = "false"
    return error
