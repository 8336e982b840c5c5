"""The choice of scenarios for a mutant, and the outcome that its runs show."""

from typing import Any

import pytest

from hivecheck.mutation.generated import attempt
from hivecheck.mutation.generated.attempt import Attempt, Outcome
from hivecheck.mutation.generated.line_record import LineRecord, Ran
from hivecheck.rerun.subrun import SubRun

FILE = "services/worker/one.py"
PLACES = [(FILE, 5)]


def ran(feature: str, name: str, lines: set[int], seconds: float = 1.0) -> Ran:
    return Ran(feature, name, "default", seconds, {"worker": {FILE: f"{sum(1 << line for line in lines):x}"}})


def names(scenarios: list[Ran], limit: int) -> list[str]:
    return [one.name for one in attempt.chosen(PLACES, LineRecord("hash", scenarios=scenarios), limit)]


def test_chosen_run_the_line() -> None:
    """Only scenarios that run the statement are chosen, at most as many as the limit allows."""
    scenarios = [ran("a", "with", {5}), ran("a", "without", {6}), ran("b", "too", {5, 6})]
    assert sorted(names(scenarios, 9)) == ["too", "with"]
    assert len(names(scenarios, 1)) == 1


def test_chosen_are_near_short_and_of_several_features() -> None:
    """A scenario with rare lines of the file comes first, a shorter one before a longer one, and another feature before the same again."""
    common = {1, 2, 5}
    scenarios = [ran("a", "slow", common, 60.0), ran("a", "rare", {5, 7, 8}), ran("b", "common", common), ran("b", "long", common, 30.0)]
    assert names(scenarios, 9) == ["rare", "common", "long", "slow"]
    same = [ran("a", "1", common), ran("a", "2", common), ran("b", "3", common)]
    assert {one.file for one in attempt.chosen(PLACES, LineRecord("hash", scenarios=same), 2)} == {"a", "b"}


def test_chosen_by_start() -> None:
    """A line that only the start of a stack runs has the scenarios of that topology."""
    record = LineRecord("hash", scenarios=[ran("a", "one", {6})], starts={"default": {"worker": {FILE: f"{1 << 5:x}"}}})
    assert [one.name for one in attempt.chosen(PLACES, record, 9)] == ["one"]
    record.starts = {"other": record.starts["default"]}
    assert attempt.chosen(PLACES, record, 9) == []


def scenario(status: str, name: str = "one", step: str = "Then it works", message: str = "expected: this") -> dict[str, Any]:
    is_red = status not in ("passed", "blocked")
    return {
        "file": "a.feature",
        "name": name,
        "status": status,
        "step": step if is_red else "",
        "message": message if status != "passed" else "",
    }


def judged(*scenarios: dict[str, Any], code: int | None = 1, source: str = "hash", problems: Any = ()) -> Attempt:
    run = SubRun(code, {one["name"]: one for one in scenarios}, source, "last line", problems)
    return attempt.judged("mutant", run, "hash")


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (judged(scenario("passed", "a"), scenario("failed", "b")), Outcome.KILLED),
        (judged(scenario("passed"), code=0), Outcome.SURVIVED),
        (judged(scenario("passed"), code=0, source="other"), Outcome.INCONCLUSIVE),
        (judged(scenario("passed", "a"), scenario("inconclusive", "b"), code=2), Outcome.INCONCLUSIVE),
        (judged(code=None), Outcome.INCONCLUSIVE),
        (judged(scenario("blocked"), code=2, source=""), Outcome.AT_START),
        (judged(scenario("failed", step=""), source=""), Outcome.AT_START),
        (judged(scenario("passed"), problems=[{"title": "left behind", "reason": None}]), Outcome.KILLED),
        (judged(scenario("passed"), code=2, problems=[{"title": "leak", "reason": "leak"}]), Outcome.INCONCLUSIVE),
    ],
)
def test_judged(found: Attempt, outcome: Outcome) -> None:
    """Only an assertion kills. A stack that does not come up, and a run of another source, prove nothing about a scenario."""
    assert found.outcome == outcome


def test_judged_names_the_killer() -> None:
    """The attempt has the scenario that failed, its message, and each scenario that ran."""
    found = judged(scenario("passed", "a"), scenario("failed", "b"), scenario("not run", "c"))
    assert (found.killer, found.message) == ("a.feature: b", "expected: this")
    assert found.scenarios == ("a.feature: a", "a.feature: b")


@pytest.mark.parametrize(
    ("earlier", "later", "outcome"),
    [
        (Outcome.SURVIVED, Outcome.KILLED, Outcome.KILLED),
        (Outcome.INCONCLUSIVE, Outcome.KILLED, Outcome.KILLED),
        (Outcome.INCONCLUSIVE, Outcome.SURVIVED, Outcome.INCONCLUSIVE),
        (Outcome.SURVIVED, Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE),
    ],
)
def test_after(earlier: Outcome, later: Outcome, outcome: Outcome) -> None:
    """A kill outweighs a doubt, and a doubt outweighs a survival. The scenarios of both runs count."""
    found = attempt.after(Attempt("m", earlier, scenarios=("a",)), Attempt("m", later, scenarios=("b",)))
    assert (found.outcome, found.scenarios) == (outcome, ("a", "b"))
