"""Comparison of two load results: what changed beyond noise, and what did not. Pure: two contents of the load's JSON give changes.

The interval covers the noise inside the runs. A machine that differs between the runs is a change like any other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hivecheck.measurement import resampling
from hivecheck.wording import plain

ERROR_SHARE = 0.05  # of all metrics of a comparison together
TOLERANCE = 0.05  # relative
LATENCIES = ("ttft", "itl", "tpot", "e2e")
PERCENTILES = ("p50", "p95", "p99")
# Below it a latency is noise of the clock and of the event loop.
LEAST_SECONDS = 1e-6
# These do not change the work that the server gets. The limits of the objectives do change what counts as goodput.
_NO_DIFFERENCE = (
    *("url", "headers", "key_variable", "key_header", "key_form"),
    *("seed", "lateness_limit", "drain_seconds", "warm_up", "caps"),
)

Windows = Sequence[Mapping[str, Any] | None]
Pairs = list[tuple[float, float]]


class Judgement(StrEnum):
    """What the interval says about a metric."""

    WORSE = "worse"
    BETTER = "better"
    OTHER = "other"  # a change of the client, which is neither
    SLIGHT = "within tolerance"  # beyond noise, and too small to matter
    SAME = "same"  # the whole interval lies within the tolerance
    UNCLEAR = "unclear"  # the noise could hide a change above the tolerance
    UNJUDGED = "not judged"  # the windows hold no such figure


CHANGED = (Judgement.WORSE, Judgement.BETTER, Judgement.OTHER, Judgement.SLIGHT)


class Direction(StrEnum):
    """Which way is worse."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


@dataclass(frozen=True)
class Change:
    """One metric of both results. `unit` is s, /s or share.

    `low` and `high` bound B/A when `is_factor`, else B-A. Both are None for a metric without an interval.
    `whole_run` has the figures of the whole runs where the result holds them.
    """

    name: str
    unit: str
    a: float
    b: float
    low: float | None
    high: float | None
    is_factor: bool
    judgement: Judgement
    whole_run: tuple[float, float] | None = None

    @property
    def relative(self) -> float:
        """(B-A)/A. Infinite when only A is zero."""
        if self.a == self.b:
            return 0.0
        return (self.b - self.a) / self.a if self.a else math.copysign(math.inf, self.b)


@dataclass(frozen=True)
class Comparison:
    """Two results. `plan_differences` has the name of each differing part of the plans with both values."""

    plan_differences: tuple[tuple[str, str, str], ...]
    changes: tuple[Change, ...]
    windows: tuple[int, int]

    def of(self, *judgements: Judgement) -> list[Change]:
        """The metrics with one of these judgements, the largest relative change first."""
        return sorted((one for one in self.changes if one.judgement in judgements), key=lambda one: -abs(one.relative))

    @property
    def is_judged(self) -> bool:
        """A regression, or an interval of at least one latency: a throughput alone says too little for an acquittal."""
        latencies = [one for one in self.changes if one.name.partition(" ")[0] in LATENCIES]
        return bool(self.of(Judgement.WORSE)) or any(one.judgement is not Judgement.UNJUDGED for one in latencies)


@dataclass(frozen=True)
class Metric:
    """How a metric is read from a window: its numerator and denominator there."""

    name: str
    unit: str
    direction: Direction
    pair: Callable[[Mapping[str, Any]], tuple[float, float]]
    is_factor: bool = True
    is_logarithm: bool = False  # the numerator is a logarithm, so the statistic is a geometric mean


def compare(a: Mapping[str, Any], b: Mapping[str, Any], *, tolerance: float = TOLERANCE, seed: int = 0) -> Comparison:
    """Compare the contents of two load results."""
    differences = tuple(plan_differences(a["plan"], b["plan"]))
    windows_a, windows_b = _inner_windows(a), _inner_windows(b)
    known = [one for one in _metrics() if _has(one, windows_a) and _has(one, windows_b)]
    changes = [
        _change(metric, (windows_a, windows_b), (a, b), not differences, tolerance, ERROR_SHARE / max(1, len(known)), seed)
        for metric in known
    ]
    names = {one.name for one in known}
    whole = [_unjudged(metric, figures) for metric in _metrics() if metric.name not in names and (figures := _whole_run(metric, a, b))]
    return Comparison(differences, (*changes, *whole), (len(windows_a), len(windows_b)))


def plan_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The parts of the plans that differ and change the server's work, each with both values. Nested parts have dotted names."""
    found = []
    for name in sorted({*a, *b}):
        if name in _NO_DIFFERENCE or a.get(name) == b.get(name):
            continue
        ours, theirs = a.get(name), b.get(name)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            found += [(f"{name}.{inner}", x, y) for inner, x, y in plan_differences(ours, theirs)]
        else:
            found.append((name, plain(ours), plain(theirs)))
    return found


def judgement(direction: Direction, a: float, b: float, interval: tuple[float, float], tolerance: float, *, is_factor: bool) -> Judgement:
    """What an interval of B/A, or of B-A, says with this relative tolerance."""
    low, high = interval
    neutral = 1.0 if is_factor else 0.0
    if low <= neutral <= high:
        # Two shares of zero have an interval of no width, and zero is within any tolerance of zero.
        room = tolerance if is_factor else tolerance * max(abs(a), abs(b))
        return Judgement.SAME if max(high - neutral, neutral - low) <= room else Judgement.UNCLEAR
    relative = (b - a) / a if a else math.copysign(math.inf, b - a)
    if abs(relative) <= tolerance:
        return Judgement.SLIGHT
    if direction is Direction.NEITHER:
        return Judgement.OTHER
    return Judgement.WORSE if (b > a) == (direction is Direction.UP) else Judgement.BETTER


def _metrics() -> list[Metric]:
    latencies = [
        Metric(f"{name} {share}", "s", Direction.UP, _percentile(name, share), is_logarithm=True)
        for name in LATENCIES
        for share in PERCENTILES
    ]
    return [
        *latencies,
        Metric("throughput", "/s", Direction.DOWN, lambda window: (float(window["done"]), 1.0)),
        Metric("tokens", "/s", Direction.DOWN, lambda window: (float(window["tokens"]), 1.0)),
        Metric("error rate", "share", Direction.UP, lambda window: (window["failed"], window["done"] + window["failed"]), is_factor=False),
        Metric("goodput", "share", Direction.DOWN, lambda window: (window["good"], window["sent"]), is_factor=False),
        Metric("lateness p99", "s", Direction.NEITHER, _percentile("lateness", "p99"), is_logarithm=True),
    ]


def _percentile(name: str, share: str) -> Callable[[Mapping[str, Any]], tuple[float, float]]:
    def pair(window: Mapping[str, Any]) -> tuple[float, float]:
        figures = window[name]
        value = figures[share]
        return (math.log(max(value, LEAST_SECONDS)), 1.0) if figures["count"] else (0.0, 0.0)

    return pair


def _inner_windows(result: Mapping[str, Any]) -> Windows:
    """The windows of the schedule, on a grid without gaps. Left out: the first one starts cold, and the last one is cut short."""
    windows = {round(window["start"]): window for window in result["windows"]}
    sent = [place for place, window in windows.items() if window["sent"]]
    return [windows.get(place) for place in range(min(sent) + 1, max(sent))] if sent else []


def _has(metric: Metric, windows: Windows) -> bool:
    """At least one window holds the figure."""
    return any(pair[1] for pair in _pairs(metric, windows))


def _pairs(metric: Metric, windows: Windows) -> Pairs:
    pairs: Pairs = []
    for window in windows:
        if window is None:  # nothing happened in that second
            pairs.append((0.0, 1.0) if metric.unit == "/s" else (0.0, 0.0))
            continue
        try:
            pairs.append(metric.pair(window))
        except (KeyError, TypeError):
            pairs.append((0.0, 0.0))
    return pairs


def _change(
    metric: Metric,
    windows: tuple[Windows, Windows],
    results: tuple[Mapping[str, Any], Mapping[str, Any]],
    is_paired: bool,
    tolerance: float,
    error_share: float,
    seed: int,
) -> Change:
    pairs_a, pairs_b = (_pairs(metric, side) for side in windows)
    is_log_of_sums = metric.is_factor and not metric.is_logarithm
    found = resampling.difference(
        pairs_a,
        pairs_b,
        is_paired=is_paired,
        error_share=error_share,
        seed=seed,
        statistic=resampling.log_ratio if is_log_of_sums else resampling.ratio,
    )
    a, b = (_statistic(metric, side) for side in (pairs_a, pairs_b))
    whole = _whole_run(metric, *results)
    if found is None:
        return Change(metric.name, metric.unit, a, b, None, None, metric.is_factor, Judgement.UNJUDGED, whole)
    low, high = (math.exp(found.low), math.exp(found.high)) if metric.is_factor else (found.low, found.high)
    verdict = judgement(metric.direction, a, b, (low, high), tolerance, is_factor=metric.is_factor)
    return Change(metric.name, metric.unit, a, b, low, high, metric.is_factor, verdict, whole)


def _statistic(metric: Metric, pairs: Pairs) -> float:
    value = resampling.ratio(sum(up for up, _ in pairs), sum(down for _, down in pairs))
    return math.exp(value) if metric.is_logarithm else value


def _unjudged(metric: Metric, figures: tuple[float, float]) -> Change:
    return Change(metric.name, metric.unit, *figures, None, None, metric.is_factor, Judgement.UNJUDGED, figures)


def _whole_run(metric: Metric, a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[float, float] | None:
    """The metric of the whole runs; None where one of them lacks it."""
    found = [_of_run(metric.name, result) for result in (a, b)]
    return (found[0], found[1]) if found[0] is not None and found[1] is not None else None


def _of_run(name: str, result: Mapping[str, Any]) -> float | None:
    first, _, share = name.partition(" ")
    if first in LATENCIES:
        value = result.get("percentiles", {}).get(first, {}).get(share)
    else:
        value = {"goodput": result.get("goodput"), "lateness p99": result.get("lateness_p99")}.get(name)
    return float(value) if isinstance(value, int | float) else None
