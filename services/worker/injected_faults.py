"""The injected faults of a worker: one-shots, rates, and false health until a reset. Pure, except for the memory it allocates."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, PAGESIZE, mmap
from random import Random

import msgspec

from services.worker.behaviour import NORMAL, Behaviour, parse
from services.worker.settings import FalseHealth, WorkerSettings

MIB = 1024 * 1024
MADV_POPULATE_WRITE = 23  # linux/mman.h; Python has no name for it


class Rate(msgspec.Struct, frozen=True):
    """A behaviour for the fraction `share` of requests."""

    share: float
    behaviour: Behaviour


@dataclass
class InjectedFaults:
    """`one_shots` apply to the next requests without a behaviour of their own. `rates` apply to the remaining requests.

    `sick_during`: the numbers of in-flight requests that make the health checks fail.
    """

    random: Random
    one_shots: deque[Behaviour] = field(default_factory=deque)
    rates: tuple[Rate, ...] = ()
    health: FalseHealth = "honest"
    ignores_sigterm: bool = False
    sick_during: set[int] = field(default_factory=set)
    _allocated: list[mmap] = field(default_factory=list)

    def behaviour(self, own: Behaviour | None = None) -> Behaviour:
        """The behaviour of the next request: its own, else a one-shot, else by rate, else normal."""
        if own is not None:
            return own
        return self.one_shots.popleft() if self.one_shots else self._by_rate()

    @property
    def reported_health(self) -> FalseHealth:
        """The health that the worker reports now."""
        return "sick" if self.sick_during else self.health

    def allocate(self, mib: int) -> None:
        """Allocate this much more memory and keep it."""
        self._allocated += fill_memory(mib)

    @property
    def allocated_mib(self) -> int:
        return sum(len(memory) for memory in self._allocated) // MIB

    def reset(self) -> int:
        """Remove all injected faults. Returns the number of dropped one-shots."""
        dropped = len(self.one_shots)
        self.one_shots.clear()
        self.rates = ()
        self.health = "honest"
        self.ignores_sigterm = False
        self._allocated.clear()
        return dropped

    def _by_rate(self) -> Behaviour:
        if not self.rates:
            return NORMAL
        drawn = self.random.random()
        for rate in self.rates:
            if drawn < rate.share:
                return rate.behaviour
            # One draw for all rates. With a draw for each, the later ones would apply too rarely.
            drawn -= rate.share
        return NORMAL


def fill_memory(mib: int) -> list[mmap]:
    """Allocate memory and touch every page, because an untouched page takes no memory."""
    if not mib:
        return []
    # One madvise(2) call populates all pages (since Linux 5.14). Near a memory limit each new page evicts code pages of other
    # processes, which read them back at once. A loop over the pages here takes seconds until the OOM kill.
    memory = mmap(-1, mib * MIB, flags=MAP_PRIVATE | MAP_ANONYMOUS)
    try:
        memory.madvise(MADV_POPULATE_WRITE)
    except OSError:  # an older kernel
        for start in range(0, len(memory), PAGESIZE):
            memory[start] = 1
    return [memory]


def configured_faults(settings: WorkerSettings) -> InjectedFaults:
    """The faults from the settings. Raises BehaviourError for an invalid fault."""
    rates = (Rate(settings.fault_share, parse(settings.fault)),) if settings.fault else ()
    return InjectedFaults(Random(settings.seed), rates=rates, health=settings.health, ignores_sigterm=settings.ignore_sigterm)


def total_share(rates: Iterable[Rate]) -> float:
    return sum(rate.share for rate in rates)
