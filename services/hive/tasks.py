"""Background tasks that do not belong to a request."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


def background(work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
    """Start a task in an empty context."""
    # Else its log lines would carry the id of the request that happened to start it.
    return asyncio.create_task(work, context=contextvars.Context())
