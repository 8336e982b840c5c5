"""After each cycle of load every process holds as much as after the cycle before. Leak, no leak and inconclusive are of `leaks.py`."""

from __future__ import annotations

from dataclasses import dataclass

from hivecheck.history import History
from hivecheck.measurement.floors import MEMORY as MEMORY_NAME
from hivecheck.measurement.floors import Cycle, Floors, cycles, floors
from hivecheck.measurement.leaks import COUNT, KIB, LEAST, MEMORY, WARM_UP, Finding, Growth, growth, warm_up
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted, listed

# Of the requests of a cycle. With fewer, the load was another one than the scenario names.
LEAST_INTENDED = 0.9
SHOWN = 6


@dataclass(frozen=True)
class Case:
    """The judgement of one resource of one process."""

    floors: Floors
    growth: Growth

    def sentence(self) -> str:
        """The process, its resource and the slope with its interval."""
        low, high = (_amount(self.floors.resource, value) for value in (self.growth.low, self.growth.high))
        return f"{self.floors.process}: {self.floors.resource} {self.slope(self.growth.slope)}, interval {low} to {high} per cycle"

    def slope(self, value: float) -> str:
        """A slope of this resource, per cycle and per 1000 requests."""
        per_cycle, per_thousand = (_amount(self.floors.resource, each) for each in (value, self.growth.per_thousand(value)))
        return f"{per_cycle} per cycle ({per_thousand} per 1000 requests)"


def no_leak(history: History, *, nodes: list[str], seed: int = 0, of_living: bool = False) -> Verdict:
    """No resource of any process of these nodes grows with the cycles, and nothing is in flight after any of them.

    `seed` is that of the bootstrap. With `of_living`, a process that ended before the last cycle leaves no doubt: only its leak counts.
    The verdict is inconclusive for too few cycles, and for floors that vary too much.
    """
    done = cycles(history)
    if held := [f"cycle {cycle.number}: {cycle.held}" for cycle in done if cycle.held]:
        return failed(expected="nothing in flight after the drain of each cycle", actual="; ".join(held[:SHOWN]))
    if other := [cycle for cycle in done if cycle.intended < LEAST_INTENDED * cycle.requests]:
        return inconclusive(expected="requests that end as the load means them to", actual="; ".join(map(_unlike, other[:SHOWN])))
    cases = judged(history, done, seed)
    known = {case.floors.node for case in cases}
    if lacking := [node for node in nodes if node not in known]:
        return inconclusive(
            expected=f"a process of each node that lives through {WARM_UP + LEAST} cycles or more",
            actual=f"{counted(len(done), 'cycle')}, no such process of {listed(lacking)}",
        )
    found = {finding: [case for case in cases if case.growth.finding is finding] for finding in Finding}
    if leaks := found[Finding.LEAK]:
        return failed(expected=f"no growth over {_cycles(done)}", actual=_sentences(leaks))
    unclear = [case for case in found[Finding.INCONCLUSIVE] if not of_living or case.floors.last_cycle >= done[-1].number]
    if unclear:
        return inconclusive(expected=f"floors over {_cycles(done)} that tell a leak from none", actual=_sentences(unclear))
    return passed(f"no leak over {_cycles(done)}; smallest visible slope: {smallest_visible(cases)}")


def judged(history: History, done: list[Cycle], seed: int) -> list[Case]:
    """Every resource of every process with enough cycles."""
    if not done:
        return []
    size = {"requests": done[0].requests, "relayed_bytes": done[0].relayed_bytes}
    cases = []
    for one in floors(history):
        if len(one.values) >= WARM_UP + LEAST:
            threshold = MEMORY if one.resource == MEMORY_NAME else COUNT
            # A seed of its own, so that one more process does not change the judgement of another one.
            cases.append(Case(one, growth(one.values, threshold, seed=f"{seed} {one.process} {one.resource}", **size)))
    return cases


def smallest_visible(cases: list[Case]) -> str:
    """The smallest slope of memory and of a count that would have been found to be a leak in every process."""
    memory = [case for case in cases if case.floors.resource == MEMORY_NAME]
    counts = [case for case in cases if case.floors.resource != MEMORY_NAME]
    worst = [max(each, key=lambda case: case.growth.smallest_visible) for each in (memory, counts)]
    return "; ".join(f"{name} {case.slope(case.growth.smallest_visible)}" for name, case in zip(("memory", "counts"), worst, strict=True))


def _amount(resource: str, value: float) -> str:
    return f"{value / KIB:.1f} KiB" if resource == MEMORY_NAME else f"{value:.2f}"


def _sentences(cases: list[Case]) -> str:
    worst = sorted(cases, key=lambda case: case.growth.slope / case.growth.threshold, reverse=True)
    more = f"; and {len(worst) - SHOWN} more" if len(worst) > SHOWN else ""
    return "; ".join(case.sentence() for case in worst[:SHOWN]) + more


def _cycles(done: list[Cycle]) -> str:
    skipped = warm_up(len(done))
    return f"{counted(len(done) - skipped, 'cycle')} of {counted(done[0].requests, 'request')} after {skipped} of warm-up"


def _unlike(cycle: Cycle) -> str:
    return f"cycle {cycle.number}: {cycle.intended} of {counted(cycle.requests, 'request')}"
