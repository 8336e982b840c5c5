"""Least-queue balancing: selects the worker for the next attempt. Pure: all inputs are arguments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from services.orchestrator.routing.sticky import Affinity
from services.wire import ServiceEntry

Load = Callable[[ServiceEntry], float]
Turn = Callable[[str], int]


def choose(
    workers: Iterable[ServiceEntry],
    load: Load,
    turn: Turn,
    tried: Collection[str],
    ejected: Collection[str],
    affinity: Affinity | None = None,
) -> ServiceEntry | None:
    """The untried worker with the shortest queue, and among equals the least recently used one. None if all were tried.

    A session follows its affinity instead. An ejected worker is a candidate only if every untried worker is ejected.
    """
    untried = [worker for worker in workers if worker.id not in tried]
    healthy = [worker for worker in untried if worker.id not in ejected] if ejected else untried
    candidates = healthy or untried
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    # The prefix cache of a session's worker saves more time than a shorter queue elsewhere.
    if affinity is not None:
        return affinity.pick(candidates)
    return min(candidates, key=lambda worker: (load(worker), turn(worker.id)))
