"""A comparison in words and as data. What changed stands first, and the first line is the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hivecheck.measurement.comparison import CHANGED, Change, Comparison, Judgement
from hivecheck.measurement.recovery_comparison import RunComparison, Switch
from hivecheck.reports.text import one_line
from hivecheck.wording import agreeing, counted

FORMAT = 1
HEADINGS = ("", "A", "B", "change", "interval", "")
NO_REGRESSION, REGRESSION, NOT_COMPARABLE = 0, 1, 2
VERDICTS = {NO_REGRESSION: "NO REGRESSION", REGRESSION: "REGRESSION", NOT_COMPARABLE: "NOT COMPARABLE"}
SCENARIOS_SHOWN = 10  # figures of single scenarios: with more, those that did not change hide the rest
UNCLEAR_SHOWN = 3
OUTSIDE_NEXT = "a few windows make the difference; see `windows` in the JSON files"


def code_of_loads(comparison: Comparison, *, is_across_plans: bool) -> int:
    """The exit code of a comparison of two loads."""
    if not comparison.is_judged or (comparison.plan_differences and not is_across_plans):
        return NOT_COMPARABLE
    return REGRESSION if comparison.of(Judgement.WORSE) else NO_REGRESSION


def code_of_runs(comparison: RunComparison) -> int:
    """The exit code of a comparison of two acceptance runs."""
    if not comparison.scenarios:
        return NOT_COMPARABLE
    is_worse = comparison.of(Judgement.WORSE) or any(one.judgement is Judgement.WORSE for one in comparison.switches)
    return REGRESSION if is_worse else NO_REGRESSION


def of_loads(comparison: Comparison, code: int, tolerance: float) -> Iterator[str]:
    """The lines of a comparison of two loads. Differing plans come before every figure."""
    if comparison.plan_differences:
        yield "the plans differ, so the figures measure different work:"
        yield from aligned([("", "A", "B"), *comparison.plan_differences])
        yield ""
    yield f"{VERDICTS[code]}  {_summary(comparison, code, tolerance)}"
    yield from _sections(comparison)
    yield from _whole_runs(comparison.changes, tolerance)
    yield (
        f"Figures are means of {_windows(comparison.windows)} of 1 s, geometric ones for percentiles. All intervals together hold in 95 %."
    )


def of_runs(comparison: RunComparison, code: int, tolerance: float) -> Iterator[str]:
    """The lines of a comparison of two acceptance runs."""
    shared = f"{counted(comparison.scenarios, comparison.noun)} in both runs, {counted(comparison.recoveries, 'recovery', 'recoveries')}"
    if code == NOT_COMPARABLE:
        yield f"{VERDICTS[code]}  no {comparison.noun} is in both runs"
        return
    worse = len(comparison.of(Judgement.WORSE)) + sum(one.judgement is Judgement.WORSE for one in comparison.switches)
    yield f"{VERDICTS[code]}  {_worse(worse, 'fact', tolerance)}; {shared}"
    if comparison.switches:
        yield ""
        yield from aligned([("changed", "A", "B", ""), *(_switch(one) for one in comparison.switches)])
    yield from _sections(comparison, of_each_scenario=len(comparison.changes) < SCENARIOS_SHOWN)
    if comparison.changes and (reach := max((one.high - one.b + one.a for one in comparison.changes if one.high is not None), default=0.0)):
        yield f"A difference below {reach:.1f} s in one scenario is noise. The JSON of this comparison holds every scenario."


def data(comparison: Comparison | RunComparison, code: int, tolerance: float, seed: int) -> dict[str, Any]:
    """A comparison for programs. A relative change without a base is null."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "kind": "comparison",
        "exit_code": code,
        "verdict": VERDICTS[code].lower(),
        "tolerance": tolerance,
        "seed": seed,
    }
    if isinstance(comparison, Comparison):
        return content | {
            "plan_differences": [dict(zip(("name", "a", "b"), one, strict=True)) for one in comparison.plan_differences],
            "windows": list(comparison.windows),
            "changes": [_plain(one) for one in comparison.changes],
        }
    return content | {
        "scenarios": comparison.scenarios,
        "switches": [asdict(one) for one in comparison.switches],
        "changes": [_plain(one) for one in (*comparison.pooled, *comparison.changes)],
    }


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The rows with each column as wide as its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield ("  " + "  ".join(f"{one_line(cell):<{width}}" for cell, width in zip(row, widths, strict=True))).rstrip()


def _summary(comparison: Comparison, code: int, tolerance: float) -> str:
    worse, better = (len(comparison.of(one)) for one in (Judgement.WORSE, Judgement.BETTER))
    if code == NOT_COMPARABLE:
        if not comparison.is_judged:
            return f"too few of {_windows(comparison.windows)} have a latency; repeat both loads with --duration 60 or more"
        return "the plans differ; --across-plans judges in spite of that"
    unclear = [one for one in comparison.of(Judgement.UNCLEAR) if abs(one.relative) > tolerance]
    noisy = ", ".join(f"{one.name} {_relative(one)}" for one in unclear[:UNCLEAR_SHOWN])
    return (
        _worse(worse, "metric", tolerance)
        + (f", {better} {agreeing(better, 'is', 'are')} better" if better else "")
        + (f"; too noisy to tell: {noisy}" if noisy else "")
    )


def _worse(number: int, singular: str, tolerance: float) -> str:
    found = counted(number, f"{singular} is", f"{singular}s are") if number else f"no {singular} is"
    return f"{found} worse beyond noise and above {tolerance:.0%}"


def _sections(comparison: Comparison | RunComparison, *, of_each_scenario: bool = True) -> Iterator[str]:
    """Sections of one judgement each. Many scenarios that did not change beyond noise are left out."""
    sections = {
        "changed": comparison.of(*CHANGED),
        "too noisy to tell": comparison.of(Judgement.UNCLEAR),
        "unchanged": comparison.of(Judgement.SAME),
        "without an interval": [one for one in comparison.of(Judgement.UNJUDGED) if one.a != one.b],
    }
    left_out = set(comparison.changes) if isinstance(comparison, RunComparison) and not of_each_scenario else set()
    for title, found in sections.items():
        changes = found if title == "changed" else [one for one in found if one not in left_out]
        if changes:
            yield ""
            yield from aligned([(title, *HEADINGS[1:]), *(_row(one) for one in changes)])
    yield ""


def _row(change: Change) -> tuple[str, ...]:
    verdict = "" if change.judgement in (Judgement.SAME, Judgement.UNCLEAR, Judgement.UNJUDGED) else change.judgement.value
    return change.name, _figure(change.a, change.unit), _figure(change.b, change.unit), _relative(change), _interval(change), verdict


def _switch(switch: Switch) -> tuple[str, ...]:
    return switch.name, switch.a, switch.b, switch.judgement.value


def _figure(value: float, unit: str) -> str:
    if math.isnan(value):
        return "-"
    if unit == "share":
        return f"{value:.2%}"
    if unit == "s":
        return f"{value:.2f} s" if value >= 10 else f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3f} s"
    return f"{value:.1f}{unit}"


def _relative(change: Change) -> str:
    if change.unit == "share" or not change.a:
        return f"{change.b - change.a:+.2%}".replace("%", " points") if change.unit == "share" else _signed(change.b - change.a)
    return f"{change.relative:+.1%}"


def _interval(change: Change) -> str:
    if change.low is None or change.high is None:
        return "-"
    if change.is_factor:
        return f"{change.low - 1:+.1%} to {change.high - 1:+.1%}"
    if change.unit == "share":
        return f"{change.low * 100:+.2f} to {change.high * 100:+.2f} points"
    return f"{_signed(change.low)} to {_signed(change.high)}"


def _signed(seconds: float) -> str:
    return f"{seconds:+.2f} s"


def _whole_runs(changes: Iterable[Change], tolerance: float) -> Iterator[str]:
    """Metrics with whole runs that differ by far more than their windows: an outage of a few seconds is not beyond noise."""
    found = []
    for one in changes:
        if one.whole_run and one.high is not None and one.is_factor and one.whole_run[0]:
            factor = one.whole_run[1] / one.whole_run[0]
            if factor > one.high * (1 + tolerance):
                found.append(f"  {one.name} of the whole run: {_figure(one.whole_run[0], 's')} in A, {_figure(one.whole_run[1], 's')} in B")
    if found:
        yield f"look at these: {OUTSIDE_NEXT}"
        yield from found
        yield ""


def _windows(windows: tuple[int, int]) -> str:
    return counted(windows[0], "window") if windows[0] == windows[1] else f"{windows[0]} and {counted(windows[1], 'window')}"


def _plain(change: Change) -> Mapping[str, Any]:
    relative = change.relative
    return asdict(change) | {"relative": relative if math.isfinite(relative) else None}
