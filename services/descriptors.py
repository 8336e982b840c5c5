"""File descriptors: a request being relayed holds two, one to the client and one to the worker."""

from __future__ import annotations

import resource

PER_REQUEST = 2
RESERVED = 256  # for idle connections, the registry, logs


def raise_limit() -> None:
    """Lift the soft limit, often 1024, to the hard one: past it asyncio leaves clients hanging without an answer."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def room_for_requests() -> int:
    """How many requests can be in flight at once within the current limit."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (soft - RESERVED) // PER_REQUEST)
