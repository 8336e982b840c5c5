"""Which job runs which scenario next: pure, without a clock. A job is one of the processes of a run, with stacks of its own.

The longest scenarios come first, because the last one to end decides. A job stays with the topology that it has up, because a
stack start costs more than a short scenario. Exclusive scenarios come last, in one job, while every other job has ended.
"""

from __future__ import annotations

import math
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from hivecheck.reports.result import Planned
from hivecheck.tags import NO_TOPOLOGY

# Between a stack start on processes (0.5 s) and one on docker beside others (2 to 3 s). A job joins a topology only if that saves more.
STACK_START_SECONDS = 1.5
# A run of less work than this for each job is faster with fewer jobs: each brings up a stack first.
WORTHWHILE_SECONDS = 6.0
# Four jobs on 2 cores took a third of the time of one, with the same verdicts (ADR 13). More were not tried.
JOBS_FOR_EACH_CORE = 2
JOB_BYTES = 1024**3  # a stack has up to ten nodes of about 50 MB, and a scenario may start more
SHORTEST_SECONDS = 0.5  # shorter scenarios count as equally long


class Wait(Enum):
    """Not a scenario but an order: `MORE` may come after other jobs have ended, `DONE` never."""

    MORE = "more"
    DONE = "done"


@dataclass(frozen=True)
class Assignment:
    """The next scenario of a job, and the topologies that any later scenario may still need."""

    planned: Planned
    needed: frozenset[str]


class Schedule:
    """Assigns each scenario once. The seed decides the order among scenarios of about the same length, so neighbours change."""

    def __init__(self, plan: Iterable[Planned], seconds: Callable[[Planned], float], seed: int, jobs: int) -> None:
        self._seconds = seconds
        order = random.Random(f"schedule:{seed}")
        ranked = [(self._rank(planned), order.random(), planned) for planned in plan]
        ranked.sort(key=lambda item: item[:2])
        planned = [planned for *_, planned in ranked]
        self._shared: dict[str, list[Planned]] = defaultdict(list)
        for item in planned:
            if not item.is_exclusive and not _is_alone(item):
                self._shared[item.topology].append(item)
        self._alone = [item for item in planned if not item.is_exclusive and _is_alone(item)]
        self._exclusive = sorted((item for item in planned if item.is_exclusive), key=lambda item: (item.is_fresh, item.topology))
        self._active = set(range(jobs))
        self._at: dict[int, str] = {}

    def next(self, job: int) -> Assignment | Wait:
        """The next scenario of this job."""
        planned = self._next(job)
        if isinstance(planned, Wait):
            return planned
        if not _is_alone(planned):
            self._at[job] = planned.topology
        return Assignment(planned, self._needed(job) | {planned.topology})

    def left(self, job: int) -> None:
        """This job has ended and its stacks are down."""
        self._active.discard(job)

    def drop(self) -> None:
        """Assign nothing more."""
        self._shared.clear()
        self._alone, self._exclusive = [], []

    def _next(self, job: int) -> Planned | Wait:
        # First, before the job has a shared stack: an idle stack uses processor time.
        if self._alone:
            return self._alone.pop(0)
        if topology := self._topology_for(job):
            return self._shared[topology].pop(0)
        if not self._exclusive:
            return Wait.DONE
        # The job with the lowest number stays. Any other ends, so that its stacks take no time from the exclusive scenarios.
        if job != min(self._active):
            return Wait.DONE
        return self._exclusive.pop(0) if self._active == {job} else Wait.MORE

    def _topology_for(self, job: int) -> str | None:
        """The topology it has up; otherwise the one where it saves most. None when a further stack costs more than it saves."""
        if self._shared.get(self._at.get(job, "")):
            return self._at[job]
        self._at.pop(job, None)
        served = list(self._at.values())
        saved = {topology: self._saved_seconds(topology, served.count(topology)) for topology, left in self._shared.items() if left}
        best = max(saved, key=lambda topology: saved[topology], default=None)
        return best if best is not None and saved[best] > 0 else None

    def _saved_seconds(self, topology: str, others: int) -> float:
        """What a further job saves at a topology that `others` serve. Without any, all of its work needs this job."""
        work = sum(map(self._seconds, self._shared[topology]))
        return work / others - work / (others + 1) - STACK_START_SECONDS if others else work

    def _needed(self, job: int) -> frozenset[str]:
        """The topologies of the stacks that this job may use again. A job leaves its topology only when no scenario of it is left."""
        ahead = {planned.topology for planned in self._exclusive if not planned.is_fresh} if job == min(self._active) else set()
        return frozenset({topology for topology, scenarios in self._shared.items() if scenarios} | ahead)

    def _rank(self, planned: Planned) -> float:
        """Smaller for longer ones, in steps of a factor of two."""
        return -math.floor(math.log2(max(self._seconds(planned), SHORTEST_SECONDS)))


def jobs_of_this_machine() -> int:
    """Two jobs for each core, because a scenario waits most of its time, and no more than the free memory holds."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(JOBS_FOR_EACH_CORE * cores, _available_bytes() // JOB_BYTES))


def _available_bytes() -> int:
    """Memory that the kernel can give without swapping (proc(5), MemAvailable)."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))


def jobs_worthwhile(plan: Sequence[Planned], seconds: Callable[[Planned], float], jobs: int) -> int:
    """The number of jobs that shortens this run; at most `jobs`. Exclusive scenarios gain nothing from a further job."""
    work = sum(seconds(planned) for planned in plan if not planned.is_exclusive)
    return max(1, min(jobs, int(work // WORTHWHILE_SECONDS)))


def _is_alone(planned: Planned) -> bool:
    """Uses no shared stack."""
    return planned.is_fresh or planned.topology == NO_TOPOLOGY
