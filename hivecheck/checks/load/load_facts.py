"""Facts about load runs that several checks share. No check itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hivecheck.errors import Reason
from hivecheck.history import History
from hivecheck.verdict import Answer, Verdict, inconclusive, worst

Run = Mapping[str, Any]
LOAD_RUN = "load_run"  # the kind of the event
# Codes of an INVALID run that say nothing about punctuality, and those that say nothing else.
OTHER_REASONS = ("empty", "unbalanced", "interrupted")
LATE_REASONS = ("late", "loop_lag", "cpu")
FAILURES_SHOWN = 3


def groups(history: History) -> list[list[Run]]:
    """The runs of each step, in order. A step sends a load once or several times."""
    runs = [event.data for event in history.events(LOAD_RUN)]
    found: list[list[Run]] = []
    while runs:
        of = runs[0]["of"]
        found.append(runs[:of])
        runs = runs[of:]
    return found


def judged(history: History, judge: Callable[[Run], Verdict], back: int = 1, *, is_timeless: bool = False) -> Verdict:
    """The worst verdict on the runs of the last step, or of one further back. An INVALID run is inconclusive.

    A timeless verdict holds for each request by itself. A late client only has longer gaps between its requests, so it passes then, too.
    """
    last = groups(history)[-back:]
    return worst([_verdict(run, judge, is_timeless) for run in (last[0] if len(last) == back else [])])


def _verdict(run: Run, judge: Callable[[Run], Verdict], is_timeless: bool) -> Verdict:
    verdict = invalid(run)
    if verdict is None:
        return judge(run)
    # A failure of a late run stays inconclusive: what delayed the client can stall a stream, too.
    is_only_late = all(reason["code"] in LATE_REASONS for reason in run["invalid_reasons"])
    if is_timeless and is_only_late and (timeless := judge(run)).answer is Answer.PASSED:
        return timeless
    return verdict


def invalid(run: Run) -> Verdict | None:
    """Inconclusive for a run that is INVALID, None for a valid one."""
    reasons = run["invalid_reasons"]
    if not reasons:
        return None
    is_late = any(reason["code"] not in OTHER_REASONS for reason in reasons)
    return inconclusive(
        expected="a load run that kept its schedule",
        actual=f"INVALID: {' '.join(reason['sentence'] for reason in reasons)}",
        remedy="use a less busy machine, or a lower rate",
        reason=Reason.LOAD_OFF_SCHEDULE if is_late else Reason.TOO_LITTLE_DATA,
    )


def failures(run: Run) -> str:
    """The causes of the failed requests with their counts, for a message."""
    causes = sorted(run["totals"]["causes"].items(), key=lambda item: -item[1])
    return ", ".join(f"{count} x {cause}" for cause, count in causes[:FAILURES_SHOWN]) or "no failure"


def figure(run: Run, metric: str, name: str) -> float:
    """A percentile or the mean of a latency in seconds. NaN without a sample."""
    value = run["percentiles"][metric][name]
    return math.nan if value is None else float(value)


def middle(values: Sequence[float]) -> float:
    """The median; of an even number the lower one, which was measured."""
    return sorted(values)[(len(values) - 1) // 2]
