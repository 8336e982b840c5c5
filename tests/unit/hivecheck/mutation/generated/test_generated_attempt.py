"""The choice of scenarios for a mutant, its runs, and the outcome that they show."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hivecheck.errors import MutantError
from hivecheck.mutation.generated import attempt
from hivecheck.mutation.generated.attempt import Attempt, Outcome
from hivecheck.mutation.generated.edit import Edit
from hivecheck.mutation.generated.line_record import LineRecord, Ran
from hivecheck.rerun.subrun import SubRun
from hivecheck.source_hash import source_hash

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


def test_chosen_of_near_topologies() -> None:
    """Every second scenario is of a topology that sets what the mutant reads, even if it runs the line at its start only."""
    many = [ran(feature, "restart", {5, 6}) for feature in "abc"]
    other = [msgspec.structs.replace(ran("d", name, set()), topology=name) for name in ("one_setting", "two_settings")]
    starts = {name: {"worker": {FILE: f"{1 << 5:x}"}} for name in ("one_setting", "two_settings")}
    record = LineRecord("hash", scenarios=[*many, *other], starts=starts)
    chosen = attempt.chosen(PLACES, record, 4, {"one_setting": 1, "two_settings": 2})
    assert [one.topology for one in chosen] == ["default", "two_settings", "default", "one_setting"]


def test_chosen_rows_of_an_outline() -> None:
    """A second row of an outline comes after another scenario of the same feature."""
    rows = [ran("a", f"row [1.{number}]", {5, 7}) for number in (1, 2, 3)]
    scenarios = [*rows, ran("a", "other", {5}, 3.0)]
    assert names(scenarios, 4)[1] == "other"


def test_chosen_by_start() -> None:
    """A line that only the start of a stack runs has the scenarios of that topology."""
    record = LineRecord("hash", scenarios=[ran("a", "one", {6})], starts={"default": {"worker": {FILE: f"{1 << 5:x}"}}})
    assert [one.name for one in attempt.chosen(PLACES, record, 9)] == ["one"]
    # One that restarts a node runs the line, too. It is one more, and not the only one.
    record.scenarios.append(ran("b", "restart", {5}))
    assert {one.name for one in attempt.chosen(PLACES, record, 9)} == {"one", "restart"}
    record.scenarios.pop()
    record.starts = {"other": record.starts["default"]}
    assert attempt.chosen(PLACES, record, 9) == []


def scenario(
    status: str, name: str = "one", step: str = "Then it works", reason: str | None = None, at_start: bool = False
) -> dict[str, Any]:
    step, message = ("", "") if status == "passed" else (step, "expected: this")
    return {
        "file": "a.feature",
        "name": name,
        "status": status,
        "step": step,
        "message": message,
        "reason": reason,
        "is_start_failure": at_start,
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
        (judged(scenario("blocked", step="", reason="setup_failed"), code=2, source=""), Outcome.AT_START),
        (judged(scenario("blocked", step="", reason="usage_error"), code=2), Outcome.INCONCLUSIVE),
        (judged(scenario("failed", step="", at_start=True), source=""), Outcome.AT_START),
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


SOURCE = "def f(a):\n    return a < 1\n"


class Services:
    """Runs in which some scenarios fail, on the mutant and on the unmutated services. It keeps what each run was asked for."""

    def __init__(self, root: Path, red: Mapping[str, str], unsound: Sequence[str] = ()) -> None:
        (root / "services/worker").mkdir(parents=True)
        (root / FILE).write_text(SOURCE)
        self.root, self.red, self.unsound = root, red, unsound
        self.batches: list[list[str]] = []

    def run(self, options: Sequence[str], report_dir: Path, environment: Mapping[str, str]) -> SubRun:
        """One run: it ends after the first scenario that does not pass."""
        [place] = [Path(option.removeprefix("services_root=")) for option in options if option.startswith("services_root=")]
        wanted = [options[number + 1].strip("^$") for number, option in enumerate(options) if option == "--name"]
        red = dict.fromkeys(self.unsound, "failed") | ({} if place == self.root else dict(self.red))
        if place != self.root:
            self.batches.append(wanted)
        found: dict[str, dict[str, Any]] = {}
        for name in wanted:
            stopped = any(one["status"] != "passed" for one in found.values())
            found[name] = scenario("not run" if stopped else red.get(name, "passed"), name) | {"file": f"{name}.feature"}
        code = 0 if all(one["status"] == "passed" for one in found.values()) else 1
        return SubRun(code, found, source_hash(place / "services"), "")

    def attempt(self, *names: str, source: str = "") -> Attempt:
        """Try the mutant of SOURCE on scenarios with these names, each in a feature of its own."""
        start = SOURCE.index("<")
        edit = Edit(FILE, "f", "boundary", "boundaries", start, start + 1, "<=", "", "", (2, 2), 2)
        record = LineRecord(
            source or source_hash(self.root / "services"),
            scenarios=[ran(f"{name}.feature", name, {2}, seconds) for seconds, name in enumerate(names)],
        )
        attempts = attempt.Attempts(self.root, record, lambda _: [(FILE, 2)], lambda _: {}, self.root / "reports", 7, 12, run=self.run)
        return attempts.carry_out(edit)


def test_attempt_stops_at_the_first_kill(tmp_path: Path) -> None:
    """The first batch has the best scenarios. A kill there ends the attempt."""
    services = Services(tmp_path, {"b": "failed"})
    found = services.attempt("a", "b", "c", "d", "e")
    assert (found.outcome, found.killer) == (Outcome.KILLED, "b.feature: b")
    assert services.batches == [["a", "b", "c", "d"]]


def test_attempt_runs_all_for_a_survivor(tmp_path: Path) -> None:
    """A survivor passed each chosen scenario, of both batches."""
    found = Services(tmp_path, {}).attempt("a", "b", "c", "d", "e")
    assert found.outcome == Outcome.SURVIVED
    assert found.scenarios == tuple(f"{name}.feature: {name}" for name in "abcde")


def test_attempt_continues_after_a_doubt(tmp_path: Path) -> None:
    """A scenario without a verdict ends its run, and the others are tried in another one."""
    services = Services(tmp_path, {"a": "inconclusive", "e": "failed"})
    found = services.attempt("a", "b", "c", "d", "e")
    assert (found.outcome, found.killer) == (Outcome.KILLED, "e.feature: e")
    assert services.batches == [["a", "b", "c", "d"], ["b", "c", "d"], ["e"]]


def test_attempt_ignores_an_unsound_scenario(tmp_path: Path) -> None:
    """A scenario that fails on the unmutated services too kills nothing, and a mutant without any other has no verdict."""
    services = Services(tmp_path, {}, unsound=["a"])
    found = services.attempt("a", "b")
    assert (found.outcome, found.scenarios) == (Outcome.SURVIVED, ("b.feature: b",))
    assert services.attempt("a").outcome == Outcome.INCONCLUSIVE


def test_attempt_without_cover(tmp_path: Path) -> None:
    """A mutant that no scenario runs is not covered, and nothing starts for it."""
    services = Services(tmp_path, {})
    assert services.attempt().outcome == Outcome.NOT_COVERED
    assert services.batches == []


def test_attempt_of_changed_services(tmp_path: Path) -> None:
    """A mutant is not planted into services that were edited after the draw: its place may be another one there."""
    with pytest.raises(MutantError, match="edit no service"):
        Services(tmp_path, {}).attempt("a", source="of an earlier state")
