"""A step of the wall clock in the middle of a run, such as that of a time server: it changes no figure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from runs import even, plan_of

from hivecheck.load import result, run
from hivecheck.load.measured import Snapshot

HOUR_SECONDS = 3600.0
LIMIT = 1500.0  # half of a step is above each figure of the run, and below what a step would make of it
WALL = ("started_at", "plan")  # the one wall time, and what was asked for


def figures(data: Any) -> Iterator[float]:
    """Every number of a report except its wall time."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name not in WALL:
                yield from figures(value)
    elif isinstance(data, list):
        for value in data:
            yield from figures(value)
    elif isinstance(data, (int, float)):
        yield data


@pytest.mark.parametrize("step", [HOUR_SECONDS, -HOUR_SECONDS], ids=["forwards", "backwards"])
def test_wall_clock_step(truth_url: str, monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """No latency, window or rate changes, and the start of the run is that of the clock before the step."""
    real, offset, steps = time.time, 0.0, 0

    def step_once(snapshot: Snapshot) -> None:
        nonlocal offset, steps
        if not steps and snapshot.done:
            offset, steps = step, 1

    # No clock of this kind can be handed over: every part of the process reads it.
    monkeypatch.setattr(time, "time", lambda: real() + offset)
    before = real()
    plan = plan_of(truth_url, schedule=even(20, 3.0))
    measured = run.run(plan, show=step_once)
    after = real()
    judged = result.judge(plan, measured, version="0", started_at=measured.started_at, calibration=None)
    assert steps == 1 and judged.exit_code == 0
    assert before < judged.data["started_at"] < after
    assert [number for number in figures(judged.data) if not -LIMIT < number < LIMIT] == []
    starts = [window["start"] for window in judged.data["windows"]]
    assert starts == sorted(starts) and starts[0] >= 0 and starts[-1] <= after - before
    assert sum(window["sent"] for window in judged.data["windows"]) == judged.data["totals"]["sent"] == 60
