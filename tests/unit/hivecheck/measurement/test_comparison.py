"""A comparison finds planted changes, reports none between equal servers, and names differing plans."""

from __future__ import annotations

import math
import random

import pytest
from load_results import Server, load_result

from hivecheck.measurement.comparison import CHANGED, Change, Comparison, Direction, Judgement, compare, judgement, plan_differences

SEEDS = range(20)


def by_name(comparison: Comparison) -> dict[str, Change]:
    """The changes by the name of their metric."""
    return {one.name: one for one in comparison.changes}


@pytest.mark.parametrize("server", [Server(), Server(memory=0.7), Server(spread=0.8, error_rate=0.0)], ids=["usual", "dependent", "skewed"])
def test_equal_servers(server: Server) -> None:
    """Two runs of one server differ in no metric, in at least 95 % of the seeds."""
    false = sum(
        bool(compare(load_result(server, 2 * seed + 1), load_result(server, 2 * seed + 2), seed=seed).of(*CHANGED)) for seed in SEEDS
    )
    assert false <= 0.05 * len(SEEDS)


@pytest.mark.parametrize(
    ("factor", "metric", "least"), [(1.1, "ttft p50", 0.7), (1.2, "ttft p50", 0.99), (1.2, "ttft p99", 0.8), (0.8, "e2e p95", 0.7)]
)
def test_planted_latency_shift(factor: float, metric: str, least: float) -> None:
    """A latency that is 10 to 20 % away is found in most seeds, with its direction, and its interval covers the truth."""
    found = covered = 0
    for seed in SEEDS:
        slow = Server(ttft=0.2 * factor)
        change = by_name(compare(load_result(Server(), 2 * seed + 1), load_result(slow, 2 * seed + 2), seed=seed))[metric]
        found += change.judgement is (Judgement.WORSE if factor > 1 else Judgement.BETTER)
        covered += change.low is not None and change.high is not None and change.low <= factor <= change.high
    assert found >= least * len(SEEDS)
    assert covered >= 0.95 * len(SEEDS)


def test_planted_errors() -> None:
    """Failures where there were none are a regression."""
    a, b = load_result(Server(error_rate=0.0), 1), load_result(Server(error_rate=0.1), 2)
    assert by_name(compare(a, b))["error rate"].judgement is Judgement.WORSE


def test_same_result() -> None:
    """A result that is compared with itself is the same in every metric."""
    one = load_result(Server(), 1)
    assert {change.judgement for change in compare(one, one).changes} == {Judgement.SAME, Judgement.UNJUDGED}


def test_swapped_results() -> None:
    """The interval of B and A is the reciprocal of that of A and B."""
    a, b = load_result(Server(), 1), load_result(Server(ttft=0.3), 2)
    there, back = by_name(compare(a, b))["ttft p50"], by_name(compare(b, a))["ttft p50"]
    assert there.low and back.high
    assert there.low == pytest.approx(1 / back.high)


def test_metric_without_windows() -> None:
    """A metric that only the whole runs have is shown and not judged."""
    a, b = load_result(Server(), 1), load_result(Server(), 2)
    change = by_name(compare(a, b))["tpot p50"]
    assert (change.a, change.judgement) == (0.01, Judgement.UNJUDGED)


def test_few_windows_are_not_judged() -> None:
    """A load of a few seconds gives no verdict."""
    assert not compare(load_result(Server(), 1, seconds=8), load_result(Server(), 2, seconds=8)).is_judged


def test_missing_windows_are_seconds_without_events() -> None:
    """Seconds without any event lower the throughput."""
    silent = set(random.Random(4).sample(range(1, 59), 20))
    a, b = load_result(Server(), 1), load_result(Server(), 1)
    b["windows"] = [window for window in b["windows"] if window["start"] not in silent]
    assert by_name(compare(a, b))["throughput"].judgement is Judgement.WORSE


def test_lateness_is_no_regression() -> None:
    """Lateness is the client's, so a change of it is neither better nor worse."""
    a, b = load_result(Server(), 1), load_result(Server(), 2)
    for result, factor in ((a, 1), (b, 3)):
        for number, window in enumerate(result["windows"]):
            window["lateness"] = {"p50": 0.001, "p99": factor * (0.002 + 0.0001 * (number % 5)), "count": window["sent"]}
    assert by_name(compare(a, b))["lateness p99"].judgement is Judgement.OTHER


def test_differing_plans_are_named() -> None:
    """Each part of the plan that changes the server's work is named, with nested names."""
    a, b = load_result(Server(), 1)["plan"], load_result(Server(), 2, rate=60, model="model-b", url="http://other/v1")["plan"]
    assert [name for name, _, _ in plan_differences(a, b)] == ["model", "schedule.rate"]


@pytest.mark.parametrize(
    ("interval", "b", "expected"),
    [
        ((0.98, 1.03), 1.0, Judgement.SAME),
        ((0.8, 1.3), 1.05, Judgement.UNCLEAR),
        ((1.01, 1.05), 1.03, Judgement.SLIGHT),
        ((1.1, 1.3), 1.2, Judgement.WORSE),
        ((0.7, 0.9), 0.8, Judgement.BETTER),
    ],
)
def test_judgement(interval: tuple[float, float], b: float, expected: Judgement) -> None:
    """The interval and the tolerance decide, and an interval that contains both is unclear."""
    assert judgement(Direction.UP, 1.0, b, interval, 0.05, is_factor=True) is expected


def test_relative_change_without_a_base() -> None:
    """A share that was zero has no factor."""
    assert math.isinf(Change("error rate", "share", 0.0, 0.1, 0.05, 0.15, False, Judgement.WORSE).relative)
