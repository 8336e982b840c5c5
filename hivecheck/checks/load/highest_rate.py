"""The last search found the highest rate that the workers can serve."""

from __future__ import annotations

from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

SEARCH = "load_search"  # the kind of the event
# What a search says when its probes do not tell enough: each has an interval that is too wide, or none.
WITHOUT_ANSWER = ("out of time", "out of requests", "the client is at its limit", "interrupted")


def highest_rate(history: History, *, capacity: float, tolerance: float) -> Verdict:
    """Both ends of the interval lie within `tolerance` (a share) of the known capacity in requests per second."""
    searches = history.events(SEARCH)
    if not searches:
        return inconclusive(expected="a search", actual="none")
    found = searches[-1].data
    low, high = found["low"], found["high"]
    probes = counted(len(found["probes"]), "probe")
    actual = f"{_rate(low, 'below the lowest rate')} to {_rate(high, 'above the highest rate')} after {probes}, ended: {found['stop']}"
    if found["stop"] in WITHOUT_ANSWER:
        return inconclusive(expected="a search with a precise interval", actual=actual, remedy="use a less busy machine")
    least, most = capacity * (1 - tolerance), capacity * (1 + tolerance)
    if low is None or high is None or not least <= low <= high <= most:
        return failed(expected=f"an interval within {least:g}/s and {most:g}/s", actual=actual)
    return passed(actual)


def _rate(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:.2f}/s"
