"""Comparison of two acceptance runs: scenarios, recovery times and leaks. Pure: mappings by scenario give changes.

A run measures each recovery once. So the noise of one scenario is the spread of the differences over all scenarios.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hivecheck.measurement import resampling
from hivecheck.measurement.comparison import ERROR_SHARE, TOLERANCE, Change, Direction, Judgement, judgement
from hivecheck.measurement.recovery import OBJECTIVE, Recovery

FIGURES: dict[str, Callable[[Recovery], float | None]] = {
    "detected": lambda one: one.detect,
    "back to normal": lambda one: one.recover,
    "outage": lambda one: one.outage_seconds,
}
# Recovery is measured in windows. A difference below one window is one request more or less.
RESOLUTION_SECONDS = OBJECTIVE.window_seconds
NORMAL_SPREAD = 1.4826  # times the median absolute deviation: the standard deviation of a normal distribution
MEDIAN_EFFICIENCY = 0.37  # of that deviation: it knows as much as 37 % of the samples would tell a standard deviation
ENDED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class Switch:
    """A fact without a number that differs: a status, a recovery that no longer happens, a leak."""

    name: str
    a: str
    b: str
    judgement: Judgement


@dataclass(frozen=True)
class RunComparison:
    """Two runs. `pooled` is over all scenarios with figures in both runs, `changes` are single scenarios.

    `noun` names what the statuses are of.
    """

    switches: tuple[Switch, ...]
    pooled: tuple[Change, ...]
    changes: tuple[Change, ...]
    scenarios: int
    recoveries: int
    noun: str = "scenario"

    def of(self, *judgements: Judgement) -> list[Change]:
        """The figures with one of these judgements, the largest difference first."""
        return sorted((one for one in (*self.pooled, *self.changes) if one.judgement in judgements), key=lambda one: one.a - one.b)


def recoveries(
    a: Mapping[str, Recovery], b: Mapping[str, Recovery], *, tolerance: float = TOLERANCE, seed: int = 0
) -> tuple[list[Switch], list[Change], list[Change]]:
    """Recoveries that no longer happen, the figures over all scenarios, and those of single scenarios."""
    shared = sorted(a.keys() & b.keys())
    switches = [switch for name in shared if (switch := _ended(name, a[name], b[name]))]
    pooled, single = [], []
    for figure, read in FIGURES.items():
        pairs = {name: (ours, theirs) for name in shared if (ours := read(a[name])) is not None and (theirs := read(b[name])) is not None}
        if change := _pooled(figure, pairs, tolerance, seed):
            pooled.append(change)
        single += _single(figure, pairs, tolerance)
    return switches, pooled, single


def statuses(a: Mapping[str, str], b: Mapping[str, str]) -> list[Switch]:
    """Scenarios with another status. Only a change to or from `failed` says that the system under test changed."""
    return [Switch(name, a[name], b[name], _of_status(a[name], b[name])) for name in sorted(a.keys() & b.keys()) if a[name] != b[name]]


def leaks(a: Mapping[str, Mapping[str, Any]], b: Mapping[str, Mapping[str, Any]]) -> list[Switch]:
    """Leak findings that differ, by process and resource. Each has a `finding`, `low` and `high` slope."""
    found = []
    for name in sorted(a.keys() & b.keys()):
        ours, theirs = a[name], b[name]
        if ours["finding"] != theirs["finding"]:
            verdict = {"leak": Judgement.WORSE}.get(theirs["finding"], Judgement.OTHER)
            is_cured = ours["finding"] == "leak" and theirs["finding"] == "no leak"
            found.append(Switch(name, ours["finding"], theirs["finding"], Judgement.BETTER if is_cured else verdict))
        elif ours["finding"] == "leak" and (theirs["low"] > ours["high"] or theirs["high"] < ours["low"]):
            words = [f"leak of {one['slope']:g} per cycle" for one in (ours, theirs)]
            found.append(Switch(name, words[0], words[1], Judgement.WORSE if theirs["low"] > ours["high"] else Judgement.BETTER))
    return found


def _of_status(a: str, b: str) -> Judgement:
    if b == FAILED and a == ENDED:
        return Judgement.WORSE
    return Judgement.BETTER if (a, b) == (FAILED, ENDED) else Judgement.OTHER


def _ended(name: str, a: Recovery, b: Recovery) -> Switch | None:
    if (a.recover is None) == (b.recover is None):
        return None
    ours, theirs = (f"never (>= {one.watched:.1f} s)" if one.recover is None else f"{one.recover:.2f} s" for one in (a, b))
    return Switch(f"{name}: back to normal", ours, theirs, Judgement.WORSE if b.recover is None else Judgement.BETTER)


def _pooled(figure: str, pairs: Mapping[str, tuple[float, float]], tolerance: float, seed: int) -> Change | None:
    ours, theirs = ([(pair[side], 1.0) for pair in pairs.values()] for side in (0, 1))
    found = resampling.difference(ours, theirs, is_paired=True, is_ordered=False, error_share=ERROR_SHARE / len(FIGURES), seed=seed)
    if found is None:
        return None
    a, b = (statistics.fmean(value for value, _ in side) for side in (ours, theirs))
    interval = (found.low, found.high)
    verdict = judgement(Direction.UP, a, b, interval, tolerance, is_factor=False)
    return Change(f"mean of all scenarios: {figure}", "s", a, b, *interval, is_factor=False, judgement=verdict)


def _single(figure: str, pairs: Mapping[str, tuple[float, float]], tolerance: float) -> list[Change]:
    if len(pairs) < resampling.LEAST_WINDOWS:
        return [Change(f"{name}: {figure}", "s", *pair, None, None, False, Judgement.UNJUDGED) for name, pair in pairs.items()]
    differences = [b - a for a, b in pairs.values()]
    centre = statistics.median(differences)
    spread = NORMAL_SPREAD * statistics.median(abs(value - centre) for value in differences)
    quantile = resampling.t_quantile(1 - ERROR_SHARE / (2 * len(pairs) * len(FIGURES)), MEDIAN_EFFICIENCY * (len(pairs) - 1))
    reach = max(RESOLUTION_SECONDS, math.sqrt(1 + 1 / len(pairs)) * quantile * spread)
    changes = []
    for name, (a, b) in pairs.items():
        interval = (b - a - reach, b - a + reach)
        verdict = judgement(Direction.UP, a, b, interval, tolerance, is_factor=False)
        changes.append(Change(f"{name}: {figure}", "s", a, b, *interval, is_factor=False, judgement=verdict))
    return changes
