"""Checks of a comparison: slower_by, unchanged."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.load.changed import COMPARISON, slower_by, unchanged
from hivecheck.history import Event, History
from hivecheck.measurement.comparison import Judgement


def change(name: str, judgement: str, a: float = 0.1, b: float = 0.1) -> dict[str, Any]:
    return {"name": name, "judgement": judgement, "a": a, "b": b, "low": 0.99, "high": 1.01}


def compared(*changes: dict[str, Any], verdict: str = "no regression") -> History:
    return tell(Event(1.0, COMPARISON, "harness", {"changes": list(changes), "verdict": verdict, "windows": [11, 11]}))


def slower(b: float, judgement: str = Judgement.WORSE, verdict: str = "regression") -> History:
    return compared(change("e2e p50", judgement, b=b), verdict=verdict)


def test_slower() -> None:
    """A regression of the right size passes. Another size, another judgement and another verdict fail."""
    limits = {"least": 0.09, "most": 0.11}
    must_say(slower_by(slower(0.2), **limits), PASSED, "100.0 ms, then 200.0 ms")
    must_say(slower_by(slower(0.25), **limits), FAILED, "250.0 ms")
    must_say(slower_by(slower(0.2, Judgement.UNCLEAR), **limits), FAILED, "unclear")
    must_say(slower_by(slower(0.2, verdict="no regression"), **limits), FAILED, "no regression")


def test_unchanged() -> None:
    """Only figures that are worse or better fail. The client's own lateness may differ."""
    same = change("e2e p50", Judgement.SAME)
    must_say(unchanged(compared(same, change("lateness p99", Judgement.OTHER))), PASSED, "no regression")
    must_say(unchanged(compared(same, change("e2e p99", Judgement.WORSE))), FAILED, "e2e p99 worse")
    must_say(unchanged(compared(same, change("goodput", Judgement.BETTER))), FAILED, "goodput better")


def test_without_verdict() -> None:
    """No comparison, and one that did not judge the usual e2e, give no verdict."""
    must_say(unchanged(tell()), INCONCLUSIVE)
    must_say(unchanged(compared(change("e2e p50", Judgement.UNJUDGED))), INCONCLUSIVE, "e2e p50")
    must_say(slower_by(compared(change("throughput", Judgement.WORSE)), least=0.0, most=1.0), INCONCLUSIVE)
