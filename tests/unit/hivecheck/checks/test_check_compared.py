"""Check: compared."""

from __future__ import annotations

from typing import Any

from load_run_stories import LATE, latencies, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.compared import compared

P50: dict[str, Any] = {"metric": "e2e", "name": "p50"}


def run(seconds: float | None, **changed: Any) -> Any:
    return load_run(percentiles={"e2e": latencies(seconds)}, **changed)


def test_share() -> None:
    """The later figure as a share of the earlier one lies within the limits or not."""
    history = tell(run(1.0), run(0.5))
    must_say(compared(history, **P50, least=0.4, most=0.6), PASSED, "50.0%")
    must_say(compared(history, **P50, least=0.6, most=0.7), FAILED, "expected: e2e p50: 60% to 70%")
    must_say(compared(history, **P50, most=0.4), FAILED)


def test_difference() -> None:
    """A limit in seconds is one on the difference."""
    must_say(compared(tell(run(1.0), run(1.09)), **P50, added_seconds=0.1), PASSED, "+90.0 ms")
    must_say(compared(tell(run(1.0), run(1.11)), **P50, added_seconds=0.1), FAILED, "at most 100 ms more")


def test_median_of_runs() -> None:
    """A repeated load counts with the median of its runs."""
    history = tell(run(1.0), run(0.5, of=3), run(9.0, of=3), run(0.5, of=3))
    must_say(compared(history, **P50, most=0.6), PASSED, "500.0 9000.0 500.0")


def test_without_verdict() -> None:
    """One load, a figure without a sample and a late client give no verdict."""
    must_say(compared(tell(run(1.0)), **P50, most=2.0), INCONCLUSIVE, "two loads")
    must_say(compared(tell(run(None), run(1.0)), **P50, most=2.0), INCONCLUSIVE)
    must_say(compared(tell(run(1.0, reasons=(LATE,)), run(1.0)), **P50, most=2.0), INCONCLUSIVE)
