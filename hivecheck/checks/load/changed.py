"""The last comparison of two loads found the changes that there are, and no other ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed

COMPARISON = "load_comparison"  # the kind of the event
WORSE, BETTER, UNJUDGED = "worse", "better", "not judged"
USUAL = "e2e p50"  # moved by each request alike, while a single pause of the machine moves the higher percentiles


def slower_by(history: History, *, least: float, most: float) -> Verdict:
    """The usual e2e is worse, by so many seconds, and the verdict is a regression."""
    return _judged(history, lambda change, verdict: _slower(change, verdict, least, most))


def unchanged(history: History) -> Verdict:
    """No latency, rate or share is worse or better, and the usual e2e was judged at all."""
    return _judged(history, _unchanged)


def _judged(history: History, judge: Any) -> Verdict:
    comparisons = history.events(COMPARISON)
    if not comparisons:
        return inconclusive(expected="a comparison of two loads", actual="none")
    found = comparisons[-1].data
    changes = {change["name"]: change for change in found["changes"]}
    if USUAL not in changes or changes[USUAL]["judgement"] == UNJUDGED:
        return inconclusive(expected=f"an interval of {USUAL}", actual=f"{found['verdict']}, windows {found['windows']}")
    verdict: Verdict = judge(changes, found["verdict"])
    return verdict


def _slower(changes: Mapping[str, Mapping[str, Any]], verdict: str, least: float, most: float) -> Verdict:
    usual = changes[USUAL]
    added = usual["b"] - usual["a"]
    actual = f"{USUAL} {usual['judgement']}: {usual['a'] * 1000:.1f} ms, then {usual['b'] * 1000:.1f} ms; verdict: {verdict}"
    if usual["judgement"] != WORSE or verdict != "regression" or not least <= added <= most:
        return failed(expected=f"a regression of {USUAL} by {least * 1000:g} to {most * 1000:g} ms", actual=actual)
    return passed(actual)


def _unchanged(changes: Mapping[str, Mapping[str, Any]], verdict: str) -> Verdict:
    moved = {name: change for name, change in changes.items() if change["judgement"] in (WORSE, BETTER)}
    if moved:
        return failed(expected="no change beyond noise and tolerance", actual=", ".join(map(_words, moved.values())))
    return passed(f"{verdict}; {_words(changes[USUAL])}")


def _words(change: Mapping[str, Any]) -> str:
    interval = f" ({change['low']:.3f} to {change['high']:.3f})" if not math.isnan(change["low"] or math.nan) else ""
    return f"{change['name']} {change['judgement']}: {change['a']:.4f}, then {change['b']:.4f}{interval}"
