"""The kill table: only a failed scenario kills a mutant."""

from __future__ import annotations

from hivecheck.mutation.kill_table import Kill, KillTable, judge
from hivecheck.mutation.mutant import Mutant

MUTANT = Mutant("backwards", "It counts backwards.", "services/counter.py", "a", "b", ("SVC-015", "SVC-008"))


def scenario(status: str, *requirements: str) -> dict[str, object]:
    return {"status": status, "message": "expected: 2", "requirements": list(requirements)}


def test_a_mutant_is_killed_when_each_of_its_requirements_has_a_scenario_that_failed() -> None:
    kill = judge(MUTANT, {"a:1": scenario("failed", "SVC-015"), "b:2": scenario("failed", "SVC-008"), "c:3": scenario("passed", "SVC-001")})
    assert kill.is_killed
    assert kill.killers == {"a:1": "expected: 2", "b:2": "expected: 2"}


def test_a_requirement_whose_scenario_only_could_not_judge_is_missed() -> None:
    kill = judge(
        MUTANT, {"a:1": scenario("failed", "SVC-015"), "b:2": scenario("inconclusive", "SVC-008"), "c:3": scenario("blocked", "SVC-008")}
    )
    assert not kill.is_killed
    assert kill.missed == ("SVC-008",)


def test_a_run_on_another_source_kills_nothing_however_red_it_is() -> None:
    kill = Kill(MUTANT, {}, (), doubt="its nodes ran another source")
    assert not kill.is_killed


def test_scenarios_that_no_mutant_turned_red_are_listed() -> None:
    table = KillTable({"a:1": "counts", "b:2": "lists"}, [Kill(MUTANT, {"a:1": "expected: 2"}, ())])
    assert table.idle_scenarios() == ["b:2"]
    assert table.survivors() == []


def test_the_table_names_the_survivor_and_what_stayed_green() -> None:
    table = KillTable({"a:1": "counts"}, [Kill(MUTANT, {}, ("SVC-008",))])
    assert list(table.lines()) == ["SURVIVED  backwards  SVC-015,SVC-008  no scenario failed of: SVC-008"]
