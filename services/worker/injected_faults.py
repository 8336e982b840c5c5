"""What the worker was told to do wrong: one-shots, rates, and lies that hold until reset. Pure but for the memory it fills."""

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
    """A behaviour that the share `share` of requests meets."""

    share: float
    behaviour: Behaviour


@dataclass
class InjectedFaults:
    """`one_shots` wait for the next requests that bring no behaviour of their own; what they leave over meets the rates.

    `sick_during`: the numbers of requests under way that have it call itself sick.
    """

    random: Random
    one_shots: deque[Behaviour] = field(default_factory=deque)
    rates: tuple[Rate, ...] = ()
    health: FalseHealth = "honest"
    ignores_sigterm: bool = False
    sick_during: set[int] = field(default_factory=set)
    _allocated: list[mmap] = field(default_factory=list)

    def behaviour(self, own: Behaviour | None = None) -> Behaviour:
        """What the next request meets: its own before a one-shot before a rate before nothing."""
        if own is not None:
            return own
        return self.one_shots.popleft() if self.one_shots else self._by_rate()

    @property
    def reported_health(self) -> FalseHealth:
        """What its health calls say now."""
        return "sick" if self.sick_during else self.health

    def allocate(self, mib: int) -> None:
        """Fill so much more memory and keep it."""
        self._allocated += fill_memory(mib)

    @property
    def allocated_mib(self) -> int:
        return sum(len(memory) for memory in self._allocated) // MIB

    def reset(self) -> int:
        """Behave again; returns how many one-shots were dropped."""
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
            drawn -= rate.share
        return NORMAL


def fill_memory(mib: int) -> list[mmap]:
    """So much memory, every page of it there: what was never touched takes none.

    The kernel fills it in one call (madvise(2), since Linux 5.14). Near a limit of memory every page costs others their code, which they
    read back at once: filled page by page from here, it takes seconds on a busy machine until the kernel kills.
    """
    if not mib:
        return []
    memory = mmap(-1, mib * MIB, flags=MAP_PRIVATE | MAP_ANONYMOUS)
    try:
        memory.madvise(MADV_POPULATE_WRITE)
    except OSError:  # an older kernel
        for start in range(0, len(memory), PAGESIZE):
            memory[start] = 1
    return [memory]


def configured_faults(settings: WorkerSettings) -> InjectedFaults:
    """The injected_faults that settings give. Raises BehaviourError for a fault that is none."""
    rates = (Rate(settings.fault_share, parse(settings.fault)),) if settings.fault else ()
    return InjectedFaults(Random(settings.seed), rates=rates, health=settings.health, ignores_sigterm=settings.ignore_sigterm)


def total_share(rates: Iterable[Rate]) -> float:
    return sum(rate.share for rate in rates)
