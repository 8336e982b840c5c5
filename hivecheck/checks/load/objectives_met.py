"""Every run of the last load met its objectives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from hivecheck.checks.load.load_facts import Run, failures, figure, judged
from hivecheck.history import History
from hivecheck.verdict import Verdict, failed, passed


class Objective(Protocol):
    """One term such as `ttft_p99<0.5`. `percent` is that of a latency, and 100 is the longest."""

    @property
    def text(self) -> str: ...

    @property
    def metric(self) -> str: ...

    @property
    def percent(self) -> float: ...

    @property
    def is_latency(self) -> bool: ...

    def holds(self, value: float) -> bool: ...


def objectives_met(history: History, *, objectives: Sequence[Objective], back: int = 1) -> Verdict:
    """Compares latencies and shares of each run with the objectives. No sample never meets one."""
    return judged(history, lambda run: _met(run, objectives), back)


def _met(run: Run, objectives: Sequence[Objective]) -> Verdict:
    values = {objective.text: _value(run, objective) for objective in objectives}
    broken = [objective.text for objective in objectives if not objective.holds(values[objective.text])]
    actual = ", ".join(f"{text}: {'no data' if math.isnan(value) else f'{value:.4f}'}" for text, value in values.items())
    if broken:
        return failed(expected=", ".join(broken), actual=f"{actual}; {failures(run)}")
    return passed(actual)


def _value(run: Run, objective: Objective) -> float:
    if not objective.is_latency:
        share = run[objective.metric]
        return math.nan if share is None else float(share)
    return figure(run, objective.metric, "max" if objective.percent == 100 else f"p{objective.percent:g}")
