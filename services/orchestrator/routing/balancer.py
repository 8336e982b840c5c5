"""Which worker gets the next attempt. Pure: everything it looks at is handed in."""

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
    suspects: Collection[str],
    affinity: Affinity | None = None,
) -> ServiceEntry | None:
    """The worker with the least queue; among equals the one whose last turn is longest ago. None when all were tried.

    A session goes where its affinity leads, whatever queue is there: what is in that worker's cache is worth more than a short wait.
    A suspect gets work only when nobody else is left: better a doubtful answer than none.
    """
    untried = [worker for worker in workers if worker.id not in tried]
    trusted = [worker for worker in untried if worker.id not in suspects] if suspects else untried
    candidates = trusted or untried
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    if affinity is not None:
        return affinity.pick(candidates)
    return min(candidates, key=lambda worker: (load(worker), turn(worker.id)))
