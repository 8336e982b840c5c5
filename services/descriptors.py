"""The limit on file descriptors, and how many requests fit in it."""

from __future__ import annotations

import resource

PER_REQUEST = 2  # one to the client, one to the worker
RESERVED = 256  # for idle connections, the registry, logs


def raise_limit() -> None:
    """Raise the soft limit to the hard limit."""
    # The soft limit is often 1024. Beyond it asyncio cannot accept, and clients hang without an answer.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def room_for_requests() -> int:
    """How many requests can be in flight at once within the soft limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (soft - RESERVED) // PER_REQUEST)
