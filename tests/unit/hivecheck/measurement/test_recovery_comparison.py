"""Recovery times, statuses and leaks of two acceptance runs."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hivecheck.measurement.blast_radius import BlastRadius
from hivecheck.measurement.comparison import CHANGED, Judgement
from hivecheck.measurement.recovery import Recovery
from hivecheck.measurement.recovery_comparison import leaks, recoveries, statuses

SEEDS = range(40)


def recovery(recover: float | None) -> Recovery:
    """A fault after which the load is back to normal after so many seconds."""
    return Recovery(("sigkill",), ("worker-1",), 0.1, recover, 5.0, 20.0, 100, 95, 0.5, 5.0, BlastRadius(0, 0, 0, 0, 0), 0.1, 0.001, 0)


def run(seed: int, shift: float = 0.0, count: int = 30) -> dict[str, Recovery]:
    """A run whose scenarios each have a recovery time of their own, which varies from run to run."""
    rng = random.Random(seed)
    return {f"scenario {number}": recovery(2 + number % 7 + shift + abs(rng.gauss(0, 0.6))) for number in range(count)}


def test_equal_runs() -> None:
    """Two runs of one stack differ in no recovery time, in at least 95 % of the seeds."""
    false = 0
    for seed in SEEDS:
        switches, pooled, single = recoveries(run(2 * seed), run(2 * seed + 1), seed=seed)
        false += bool(switches) or any(one.judgement in CHANGED for one in (*pooled, *single))
    assert false <= 0.05 * len(SEEDS)


def test_slower_stack() -> None:
    """A shift of every recovery shows in their mean, though each alone is within its noise."""
    _, pooled, _ = recoveries(run(1), run(2, shift=0.8))
    assert [one.judgement for one in pooled if "back to normal" in one.name] == [Judgement.WORSE]


def test_one_slower_scenario() -> None:
    """One scenario that recovers far later than before is named."""
    slow = run(2) | {"scenario 3": recovery(25.0)}
    _, _, single = recoveries(run(1), slow)
    assert [one.name for one in single if one.judgement is Judgement.WORSE] == ["scenario 3: back to normal"]


def test_recovery_that_no_longer_happens() -> None:
    """A load that is never back to normal is a regression without a number."""
    switches, _, _ = recoveries(run(1), run(2) | {"scenario 3": recovery(None)})
    assert [(one.name, one.judgement) for one in switches] == [("scenario 3: back to normal", Judgement.WORSE)]


def test_few_scenarios() -> None:
    """A few scenarios tell nothing about the noise, so none is judged."""
    _, pooled, single = recoveries(run(1, count=3), run(2, count=3))
    assert pooled == []
    assert {one.judgement for one in single} == {Judgement.UNJUDGED}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("passed", "failed", Judgement.WORSE),
        ("failed", "passed", Judgement.BETTER),
        ("passed", "inconclusive", Judgement.OTHER),
        ("failed", "inconclusive", Judgement.OTHER),
    ],
)
def test_statuses(before: str, after: str, expected: Judgement) -> None:
    """Only a failure after a pass is a regression: an inconclusive scenario tells nothing about the system."""
    assert [one.judgement for one in statuses({"x": before, "y": "passed"}, {"x": after, "y": "passed"})] == [expected]


def test_new_leak() -> None:
    """A leak that was none before is a regression, and a leak with a steeper slope too."""
    none, leak = {"finding": "no leak", "low": -1.0, "high": 1.0, "slope": 0.0}, {"finding": "leak", "low": 4.0, "high": 6.0, "slope": 5.0}
    steeper = replace_slope(leak, 20.0)
    assert [one.judgement for one in leaks({"a": none, "b": leak, "c": leak}, {"a": leak, "b": steeper, "c": leak})] == [
        Judgement.WORSE
    ] * 2


def test_cured_leak() -> None:
    """A leak that is gone is better, and one that a noisy run cannot judge is not."""
    none, leak = {"finding": "no leak", "low": -1.0, "high": 1.0, "slope": 0.0}, {"finding": "leak", "low": 4.0, "high": 6.0, "slope": 5.0}
    assert [one.judgement for one in leaks({"a": leak, "b": leak}, {"a": none, "b": none | {"finding": "inconclusive"}})] == [
        Judgement.BETTER,
        Judgement.OTHER,
    ]


def replace_slope(leak: dict[str, object], slope: float) -> dict[str, object]:
    """The finding with another slope and a narrow interval around it."""
    return leak | {"slope": slope, "low": slope - 1, "high": slope + 1}


def test_other_figures_do_not_switch() -> None:
    """A recovery that happens in both runs is no switch."""
    one = recovery(3.0)
    assert recoveries({"x": one}, {"x": replace(one, recover=4.0)})[0] == []
