"""Check: calm_again."""

from __future__ import annotations

from typing import Any

from load_run_stories import LATE, load_run
from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.calm_again import calm_again

# Ten users for 5 s, a hundred for 5 s, and ten for 5 s.
LEVELS = [{"seconds": seconds, "users": users} for users in (10, 100, 10) for seconds in (0.0, 5.0)]


def spike(*latencies: float, count: int = 20, levels: list[dict[str, float]] = LEVELS, **changed: Any) -> Any:
    """A load with this p99 of e2e in each second."""
    windows = [{"start": float(at), "e2e": {"p50": one, "p99": one, "count": count}} for at, one in enumerate(latencies)]
    return tell(load_run(windows=windows, schedule={"levels": levels}, **changed))


def test_latency_after_a_peak() -> None:
    """Latency that falls in time passes. One that falls late or never fails."""
    before, peak = [0.9, 0.1, 0.1, 0.1, 0.1], [2.0] * 5
    must_say(calm_again(spike(*before, *peak, 1.0, 0.5, 0.14, 0.1, 0.1), seconds=3), PASSED, "2 s after the peak")
    must_say(calm_again(spike(*before, *peak, 1.0, 0.5, 0.14, 0.1, 0.1), seconds=1), FAILED, "after 2 s")
    must_say(calm_again(spike(*before, *peak, *[1.0] * 5), seconds=3), FAILED, "never")


def test_silence_is_not_calm() -> None:
    """Seconds with few answers show no recovery."""
    history = spike(*[0.1] * 5, *[2.0] * 5, levels=LEVELS)
    must_say(calm_again(history, seconds=3), FAILED, "never")


def test_without_verdict() -> None:
    """A load without a peak, one without answers before it, and a late client give no verdict."""
    must_say(calm_again(spike(*[0.1] * 15, levels=LEVELS[:2]), seconds=3), INCONCLUSIVE)
    must_say(calm_again(spike(*[0.1] * 15, count=1), seconds=3), INCONCLUSIVE)
    must_say(calm_again(spike(*[0.1] * 15, levels=[]), seconds=3), INCONCLUSIVE)
    must_say(calm_again(spike(*[0.1] * 15, reasons=(LATE,)), seconds=3), INCONCLUSIVE)
