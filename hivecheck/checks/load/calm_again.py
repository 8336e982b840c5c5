"""After each peak of users, the latency of the last load was back at its level before the peak, in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hivecheck.checks.load.load_facts import Run, judged, middle
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

# Of the median latency of the first level. A second in which the latency is at most so much higher is calm.
CALM_FACTOR = 1.5
LEAST_SAMPLES = 10


def calm_again(history: History, *, seconds: float) -> Verdict:
    """Reads the windows of one second. The baseline is the median second of the first level, without its first second."""
    return judged(history, lambda run: _calm(run, seconds))


def _calm(run: Run, seconds: float) -> Verdict:
    levels = _levels(run["schedule"]["levels"])
    base = levels[0][2] if levels else 0
    first = [e2e for at, e2e in _seconds(run) if 1 <= at < levels[0][1]] if levels else []
    falls = [begin for begin, _, users in levels[1:] if users <= base]
    if not first or not falls:
        return inconclusive(expected="a level of users, a peak and the level again, each with requests", actual=f"levels {levels}")
    limit, lines = CALM_FACTOR * middle(first), []
    for begin in falls:
        calm = next((at for at, e2e in _seconds(run) if at >= begin and e2e <= limit), None)
        if calm is None or calm - begin > seconds:
            found = "never" if calm is None else f"after {calm - begin:.0f} s"
            return failed(
                expected=f"p99 of e2e at most {limit * 1000:.0f} ms within {seconds:g} s of the end of a peak",
                actual=f"{found}, after the peak that ends at {begin:g} s",
            )
        lines.append(f"{calm - begin:.0f} s after the peak that ends at {begin:g} s")
    return passed(f"calm again {', '.join(lines)}")


def _levels(raw: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, int]]:
    """Begin, end and users of each level that holds, in seconds after the start."""
    found: list[tuple[float, float, int]] = []
    at = 0.0
    for level in raw:
        if level["seconds"] and found and found[-1][2] == level["users"]:
            found[-1] = (found[-1][0], at + level["seconds"], level["users"])
        elif level["seconds"] or not found:
            found.append((at, at + level["seconds"], level["users"]))
        at += level["seconds"]
    return [level for level in found if level[1] > level[0]]


def _seconds(run: Run) -> list[tuple[float, float]]:
    """Each second of the run with enough answers: its begin and the p99 of its e2e."""
    windows = [(window["start"], window["e2e"]) for window in run["windows"]]
    return [(start, e2e["p99"]) for start, e2e in windows if e2e["count"] >= LEAST_SAMPLES and e2e["p99"] is not None]
