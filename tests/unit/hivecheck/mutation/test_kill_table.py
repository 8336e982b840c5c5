"""The kill table: only a failed scenario kills a mutant."""

from __future__ import annotations

from hivecheck.mutation.kill_table import Kill, KillTable, judge
from hivecheck.mutation.mutant import Mutant

MUTANT = Mutant("backwards", "It counts backwards.", "services/counter.py", "a", "b", ("SVC-015", "SVC-008"))


def scenario(status: str, *requirements: str) -> dict[str, object]:
    return {"status": status, "message": "expected: 2", "requirements": list(requirements)}


def test_killed() -> None:
    """A mutant is killed if a scenario of each of its requirements failed."""
    kill = judge(MUTANT, {"a:1": scenario("failed", "SVC-015"), "b:2": scenario("failed", "SVC-008"), "c:3": scenario("passed", "SVC-001")})
    assert kill.is_killed
    assert kill.killers == {"a:1": "expected: 2", "b:2": "expected: 2"}


def test_inconclusive_does_not_kill() -> None:
    """An inconclusive or blocked scenario does not kill a mutant."""
    kill = judge(
        MUTANT, {"a:1": scenario("failed", "SVC-015"), "b:2": scenario("inconclusive", "SVC-008"), "c:3": scenario("blocked", "SVC-008")}
    )
    assert not kill.is_killed
    assert kill.missed == ("SVC-008",)


def test_killed_at_start_up() -> None:
    """A stack that fails at its start kills no mutant, and the table names it apart from a survivor."""
    start = scenario("failed", "SVC-015", "SVC-008") | {"is_start_failure": True, "message": "expected: stack small-1 ready"}
    kill = judge(MUTANT, {"a:1": start, "b:2": scenario("blocked", "SVC-008")})
    assert not kill.is_killed
    assert (kill.killers, kill.missed, kill.word) == ({}, ("SVC-015", "SVC-008"), "AT START")
    (line,) = KillTable({"a:1": "counts"}, [kill]).lines()
    assert line.startswith("AT START  backwards  ")
    assert "killed at start-up, which does not count; no scenario failed of: SVC-015, SVC-008; expected: stack small-1 ready" in line


def test_killed_in_spite_of_a_start() -> None:
    """A mutant that fails its requirements by assertion is killed, also when another stack failed at its start."""
    start = scenario("failed", "SVC-001") | {"is_start_failure": True}
    kill = judge(MUTANT, {"a:1": scenario("failed", "SVC-015", "SVC-008"), "b:2": start})
    assert (kill.is_killed, kill.word, set(kill.killers)) == (True, "killed", {"a:1"})


def test_other_source() -> None:
    """A run on another source kills no mutant."""
    kill = Kill(MUTANT, {}, (), doubt="its nodes ran another source")
    assert not kill.is_killed


def test_idle_scenarios() -> None:
    """Scenarios that detect no mutant are listed."""
    table = KillTable({"a:1": "counts", "b:2": "lists"}, [Kill(MUTANT, {"a:1": "expected: 2"}, ())])
    assert table.idle_scenarios() == ["b:2"]
    assert table.survivors() == []


def test_survivor() -> None:
    """The table names the surviving mutant and the requirement without a failure."""
    table = KillTable({"a:1": "counts"}, [Kill(MUTANT, {}, ("SVC-008",))])
    assert list(table.lines()) == ["SURVIVED  backwards  SVC-015,SVC-008  no scenario failed of: SVC-008"]
