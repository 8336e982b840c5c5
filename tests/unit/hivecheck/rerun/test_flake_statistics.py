"""The statistics of repeated runs: flake rate, confidence interval, first difference."""

from __future__ import annotations

import math
from typing import Any

import pytest

from hivecheck.rerun import flake_statistics
from hivecheck.rerun.flake_statistics import WHOLE, FlakeRecord, interval, records
from hivecheck.rerun.subrun import SubRun


def a_run(*problems: str | None, **scenarios: str) -> SubRun:
    """Each scenario by its status, each problem by its reason code."""
    ended: dict[str, dict[str, Any]] = {
        f"a.feature:{name}": {
            "name": name,
            "status": status.replace("_", " "),
            "step": "Then it",
            "message": "expected: 2",
            "evidence": "/e",
        }
        for name, status in scenarios.items()
    }
    return SubRun(0, ended, "hash", "PASSED", [{"title": "left behind", "reason": reason} for reason in problems])


def record(*statuses: str) -> FlakeRecord:
    return records([a_run(counts=status) for status in statuses])[0]


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(0, 20, 0.0, 0.1684), (1, 20, 0.0013, 0.2487), (10, 20, 0.2720, 0.7280), (20, 20, 0.8316, 1.0), (3, 100, 0.0062, 0.0852)],
)
def test_interval(hits: int, total: int, low: float, high: float) -> None:
    """The interval has the values of published tables."""
    assert interval(hits, total) == pytest.approx((low, high), abs=0.0001)


@pytest.mark.parametrize(("hits", "total"), [(0, 1), (1, 7), (4, 9), (19, 20), (20, 20)])
def test_interval_ends(hits: int, total: int) -> None:
    """At each end of the interval, the outcome has the chance that the confidence allows."""
    low, high = interval(hits, total)

    def chance(share: float, counts: range) -> float:
        return sum(math.comb(total, count) * share**count * (1 - share) ** (total - count) for count in counts)

    if hits > 0:
        assert chance(low, range(hits, total + 1)) == pytest.approx(0.025)
    if hits < total:
        assert chance(high, range(hits + 1)) == pytest.approx(0.025)


def test_flaky_rate() -> None:
    """A scenario that passed and failed is flaky, with the share of its failed runs."""
    repeated = record("passed", "failed", "passed", "passed")
    assert repeated.is_flaky
    assert repeated.rate == 0.25
    assert repeated.counts() == "3 passed, 1 failed"


def test_first_difference() -> None:
    """The first difference names both runs."""
    difference = record("passed", "passed", "failed", "inconclusive").first_difference()
    assert difference and [(end.run, end.status, end.evidence) for end in difference] == [(1, "passed", "/e"), (3, "failed", "/e")]


def test_no_difference() -> None:
    """A scenario with one status in all runs is not flaky."""
    assert record("failed", "failed").first_difference() is None
    assert not record("failed", "failed").is_flaky


def test_unsupported_runs() -> None:
    """A run that does not support the scenario does not count."""
    assert not record("passed", "not_supported").is_flaky
    assert record("not_supported", "not_supported").rate == 0.0


def test_scenario_missing_in_run() -> None:
    """A scenario that is missing in a run did not pass there."""
    found = records([a_run(counts="passed", lists="passed"), a_run(counts="passed")])
    assert [(one.name, one.is_flaky) for one in found] == [("counts", False), ("lists", True), (WHOLE, False)]


@pytest.mark.parametrize(
    ("runs", "code"),
    [
        ([a_run(a="passed", b="not_supported"), a_run(a="passed", b="not_supported")], 0),
        ([a_run(a="passed"), a_run(a="failed")], 1),
        ([a_run(a="passed"), a_run(a="inconclusive")], 1),
        ([a_run(a="failed"), a_run(a="failed")], 1),
        ([a_run(a="inconclusive"), a_run(a="inconclusive")], 2),
        ([a_run(a="not_supported"), a_run(a="not_supported")], 2),
        ([a_run(None, a="passed"), a_run(None, a="passed")], 1),
        ([a_run("leak", a="passed"), a_run("leak", a="passed")], 2),
        ([a_run(a="passed"), SubRun(None, {}, "", "killed")], 1),
        ([SubRun(3, {}, "", "crashed"), SubRun(3, {}, "", "crashed")], 2),
    ],
)
def test_exit_code(runs: list[SubRun], code: int) -> None:
    """Only runs with passes alone and without a problem have exit code 0."""
    assert flake_statistics.exit_code(records(runs)) == code
