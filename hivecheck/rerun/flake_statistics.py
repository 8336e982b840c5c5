"""Statistics over many runs: the flake rate of each scenario, its confidence interval, and the first difference. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hivecheck.rerun.subrun import SubRun

WHOLE = "the run as a whole"  # beside the scenarios: orphans, leaks, and defects of the harness
CONFIDENCE = 0.95
PASSED, FAILED, INCONCLUSIVE, NOT_SUPPORTED, NOT_RUN = "passed", "failed", "inconclusive", "not supported", "not run"
HALVINGS = 60  # of an interval of width 1: beyond the resolution of a float


@dataclass(frozen=True)
class ScenarioEnd:
    """The end of one scenario in one run. `run` counts from 1."""

    run: int
    status: str
    step: str = ""
    message: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class FlakeRecord:
    """One scenario over all runs."""

    key: str
    name: str
    ends: tuple[ScenarioEnd, ...]

    @property
    def counted(self) -> list[ScenarioEnd]:
        """The runs that support the scenario."""
        return [end for end in self.ends if end.status != NOT_SUPPORTED]

    @property
    def red(self) -> list[ScenarioEnd]:
        return [end for end in self.counted if end.status != PASSED]

    @property
    def is_flaky(self) -> bool:
        """Whether its runs ended differently."""
        return len({end.status for end in self.counted}) > 1

    @property
    def rate(self) -> float:
        """The share of runs in which it did not pass."""
        return len(self.red) / len(self.counted) if self.counted else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return interval(len(self.red), len(self.counted))

    def first_difference(self) -> tuple[ScenarioEnd, ScenarioEnd] | None:
        """The first run and the first one with another status; None when all have the same."""
        first = self.counted[0] if self.counted else None
        return next(((first, end) for end in self.counted if first and end.status != first.status), None)

    def counts(self) -> str:
        return ", ".join(f"{count} {status}" for status, count in Counter(end.status for end in self.ends).most_common())


def interval(hits: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper-Pearson: every share that could have given so many hits by chance. The interval is exact: its coverage is guaranteed."""
    # Not the normal approximation, which gives an interval of width 0 for 0 hits.
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _share_where(lambda share: 1 - _at_most(hits - 1, total, share) > tail)
    high = 1.0 if hits == total else _share_where(lambda share: _at_most(hits, total, share) < tail)
    return low, high


def records(runs: Sequence[SubRun]) -> list[FlakeRecord]:
    """Every scenario of any of these runs, and the runs themselves, in the order of their keys."""
    names = {key: str(scenario["name"]) for run in runs for key, scenario in run.scenarios.items()}
    found = [FlakeRecord(key, names[key], tuple(_ended(number, run, key) for number, run in enumerate(runs, 1))) for key in sorted(names)]
    return [*found, FlakeRecord("", WHOLE, tuple(_whole(number, run) for number, run in enumerate(runs, 1)))]


def exit_code(found: Sequence[FlakeRecord]) -> int:
    """0 everything passed in every run, 1 something is flaky or failed, 2 no verdict."""
    if any(record.is_flaky or any(end.status == FAILED for end in record.ends) for record in found):
        return 1
    has_passed = any(end.status == PASSED for record in found if record.name != WHOLE for end in record.ends)
    return 0 if has_passed and not any(record.red for record in found) else 2


def _ended(number: int, run: SubRun, key: str) -> ScenarioEnd:
    scenario: dict[str, Any] = run.scenarios.get(key, {})
    status, step, message = scenario.get("status", NOT_RUN), scenario.get("step", ""), scenario.get("message", "")
    return ScenarioEnd(number, str(status), str(step), str(message), str(scenario.get("evidence") or ""))


def _whole(number: int, run: SubRun) -> ScenarioEnd:
    """The run apart from its scenarios: what it left behind, and whether it ended by itself."""
    if run.problems:
        status = INCONCLUSIVE if all(problem["reason"] for problem in run.problems) else FAILED
        return ScenarioEnd(number, status, message="; ".join(str(problem["title"]) for problem in run.problems))
    if run.exit_code in (None, 3) or not run.scenarios:
        return ScenarioEnd(number, INCONCLUSIVE, message=run.output.strip().rpartition("\n")[2])
    return ScenarioEnd(number, PASSED)


def _at_most(hits: int, total: int, share: float) -> float:
    """The chance of at most so many hits in `total` when each comes with this share."""
    return sum(math.comb(total, count) * share**count * (1 - share) ** (total - count) for count in range(hits + 1))


def _share_where(is_beyond: Any) -> float:
    """The share at which a monotonic condition becomes true."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_beyond(middle) else (middle, high)
    return (low + high) / 2
