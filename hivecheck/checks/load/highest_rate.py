"""The last search found the highest rate that the workers can serve."""

from __future__ import annotations

import math

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

SEARCH = "load_search"  # the kind of the event
# How a search ends that has no final answer: its interval is what the probes tell up to there.
UNFINISHED = ("out of time", "out of requests", "the client is at its limit", "interrupted")


def highest_rate(history: History, *, least: float, most: float) -> Verdict:
    """The interval lies within these rates. An interval of an unfinished search that has a part within them gives no verdict."""
    searches = history.events(SEARCH)
    if not searches:
        return inconclusive(expected="a search", actual="none")
    found = searches[-1].data
    low, high = found["low"], found["high"]
    probes = counted(len(found["probes"]), "probe")
    actual = f"{_rate(low, 'below the lowest rate')} to {_rate(high, 'above the highest rate')} after {probes}, ended: {found['stop']}"
    expected = f"an interval within {least:g}/s and {most:g}/s"
    if low is not None and high is not None and least <= low <= high <= most:
        return passed(actual)
    has_part = (0.0 if low is None else low) <= most and least <= (math.inf if high is None else high)
    if has_part and found["stop"] in UNFINISHED:
        return inconclusive(expected=expected, actual=actual, remedy="use a less busy machine")
    return failed(expected=expected, actual=actual)


def _rate(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:.2f}/s"
