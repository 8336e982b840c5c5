"""The table of a comparison: the verdict first, what changed next, differing plans before every figure."""

from __future__ import annotations

import json

import pytest

from hivecheck.measurement.comparison import Change, Comparison, Judgement
from hivecheck.measurement.recovery_comparison import RunComparison, Switch
from hivecheck.reports import comparison_table


def change(name: str, judgement: Judgement, a: float = 0.2, b: float = 0.26, **other: object) -> Change:
    """A change of a latency."""
    return Change(name, "s", a, b, b / a - 0.05, b / a + 0.05, True, judgement, **other)  # type: ignore[arg-type]


def comparison(*changes: Change, differences: tuple[tuple[str, str, str], ...] = ()) -> Comparison:
    """A comparison of loads with these changes."""
    return Comparison(differences, changes, (58, 58))


def lines(found: Comparison, code: int) -> list[str]:
    """The table with the usual tolerance."""
    return list(comparison_table.of_loads(found, code, 0.05))


def test_changed_first() -> None:
    """What changed stands above what did not, and the first line is the verdict."""
    table = lines(comparison(change("itl p50", Judgement.SAME, b=0.2), change("ttft p99", Judgement.WORSE)), 1)
    assert table[0].startswith("REGRESSION  1 metric is worse")
    places = [next(number for number, line in enumerate(table) if name in line) for name in ("ttft p99", "itl p50")]
    assert places == sorted(places)
    assert "+30.0%" in table[places[0]]
    assert "+25.0% to +35.0%" in table[places[0]]


def test_largest_change_first() -> None:
    """Of several changes the largest stands first."""
    table = lines(comparison(change("small", Judgement.WORSE, b=0.22), change("large", Judgement.WORSE, b=0.4)), 1)
    assert [line.split()[0] for line in table if "worse" in line][1:] == ["large", "small"]


def test_differing_plans_before_figures() -> None:
    """Differing plans are named before any figure, and there is no verdict without a request for one."""
    found = comparison(change("ttft p99", Judgement.WORSE), differences=(("schedule.rate", "30", "60"),))
    code = comparison_table.code_of_loads(found, is_across_plans=False)
    assert code == 2
    table = "\n".join(lines(found, code))
    assert table.index("schedule.rate") < table.index("NOT COMPARABLE") < table.index("ttft p99")
    assert comparison_table.code_of_loads(found, is_across_plans=True) == 1


@pytest.mark.parametrize(
    ("judgement", "code"),
    [
        (Judgement.WORSE, 1),
        (Judgement.BETTER, 0),
        (Judgement.SLIGHT, 0),
        (Judgement.UNCLEAR, 0),
        (Judgement.OTHER, 0),
        (Judgement.UNJUDGED, 2),
    ],
)
def test_code(judgement: Judgement, code: int) -> None:
    """Only a metric that is worse makes a regression, and no metric with an interval gives no verdict."""
    assert comparison_table.code_of_loads(comparison(change("ttft p50", judgement)), is_across_plans=False) == code


def test_throughput_alone_is_no_verdict() -> None:
    """A throughput within its noise acquits no latency, and a worse one is a regression all the same."""
    codes = [
        comparison_table.code_of_loads(comparison(change("throughput", judgement)), is_across_plans=False)
        for judgement in (Judgement.UNCLEAR, Judgement.WORSE)
    ]
    assert codes == [2, 1]


def test_noise_that_hides_a_change() -> None:
    """The verdict names a large difference that the noise could hide."""
    table = lines(comparison(change("e2e p99", Judgement.UNCLEAR, b=0.4)), 0)
    assert "too noisy to tell: e2e p99 +100.0%" in table[0]


def test_outage_of_a_few_seconds() -> None:
    """A whole run that differs far more than its windows is pointed at."""
    table = lines(comparison(change("ttft p99", Judgement.UNCLEAR, b=0.2, whole_run=(0.3, 9.0))), 0)
    assert any("ttft p99 of the whole run: 300 ms in A, 9.000 s in B" in line for line in table)


def test_data_is_json() -> None:
    """A change without a base is null, because JSON knows no infinity."""
    found = comparison(Change("error rate", "share", 0.0, 0.1, 0.05, 0.15, False, Judgement.WORSE))
    written = json.loads(json.dumps(comparison_table.data(found, 1, 0.05, 0), allow_nan=False))
    assert (written["verdict"], written["changes"][0]["relative"]) == ("regression", None)


def test_runs() -> None:
    """A scenario that fails now is a regression, and many unchanged scenarios are left out."""
    same = tuple(Change(f"{number}: outage", "s", 1.0, 1.1, -1.0, 1.2, False, Judgement.UNCLEAR) for number in range(20))
    found = RunComparison((Switch("a.feature: it works", "passed", "failed", Judgement.WORSE),), (), same, 40, 20)
    assert comparison_table.code_of_runs(found) == 1
    table = list(comparison_table.of_runs(found, 1, 0.05))
    assert table[0].startswith("REGRESSION  1 fact is worse")
    assert not any("7: outage" in line for line in table)
    assert any("below 1.1 s" in line for line in table)


def test_runs_without_a_shared_scenario() -> None:
    """Two runs of different scenarios have no verdict."""
    assert comparison_table.code_of_runs(RunComparison((), (), (), 0, 0)) == 2
