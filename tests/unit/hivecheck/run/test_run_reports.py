"""The record of a run: outcomes, problems, and scenarios that did not run."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from hivecheck.errors import Reason
from hivecheck.reports.console import PlainProgress
from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.reports.result_data import FORMAT
from hivecheck.reports.text import reproduce_command
from hivecheck.run.run_reports import RunReports
from hivecheck.settings import Settings

RUNS_KEPT = 4
PASSED = "scenarios/one/history.jsonl"
STORY_OF_ONE = "scenarios/one/story.txt"


def planned(line: int) -> Planned:
    return Planned(f"a.feature:{line}", "A", f"scenario {line}", "a.feature", line)


def reports(folder: Path, printed: io.StringIO | None = None, runs_kept: int = RUNS_KEPT) -> RunReports:
    settings = Settings(report_dir=folder, seed=7, platform="process", runs_kept=runs_kept)
    made = RunReports(settings, "20260101-000000-1", PlainProgress(printed or io.StringIO()))
    made.open()
    made.take_plan([planned(1), planned(2)])
    made.record(Outcome(planned(1), Status.PASSED))
    return made


def test_interrupted_scenarios_are_not_run(tmp_path: Path) -> None:
    """After a signal, a scenario without an outcome is not run, with the reason code interrupted."""
    made = reports(tmp_path)
    made.interrupted_by = "SIGINT"
    outcomes = made.result().outcomes
    assert [(one.status, one.reason) for one in outcomes] == [(Status.PASSED, None), (Status.NOT_RUN, Reason.INTERRUPTED)]


def test_interrupted_rerun_keeps_attempts(tmp_path: Path) -> None:
    """A scenario that an interrupted rerun did not reach keeps its earlier failure for the next rerun."""
    made = reports(tmp_path)
    made.judged = lambda outcome: replace(outcome, earlier=Outcome(outcome.planned, Status.FAILED))
    made.interrupted_by = "SIGINT"
    assert [one.status for one in made.result().outcomes[1].attempts()] == [Status.FAILED]


def test_result_json_has_format_and_reason(tmp_path: Path) -> None:
    """result.json has its format number, the reason codes, and the problems of the run."""
    made = reports(tmp_path)
    made.add_problem("the harness left something behind", "pid 1", Reason.LEAK)
    assert made.write(None) == 2
    content = json.loads((tmp_path / "result.json").read_text())
    assert content["format"] == FORMAT
    assert [one["reason"] for one in content["scenarios"].values()] == [None, "harness_error"]
    assert [problem["reason"] for problem in content["problems"]] == ["leak"]


def earlier(folder: Path, number: int, file: str = "") -> Path:
    """An earlier run, with that file in it."""
    run = folder / f"20250101-0000{number:02d}-1"
    run.mkdir()
    if file:
        (run / file).parent.mkdir(parents=True)
        (run / file).write_text("")
    return run


def test_refused_run_removes_no_other(tmp_path: Path) -> None:
    """A run that carried out nothing takes no place, whatever its number."""
    runs = [earlier(tmp_path, number, PASSED) for number in range(RUNS_KEPT)]
    for number in range(RUNS_KEPT, 3 * RUNS_KEPT):
        earlier(tmp_path, number)
    reports(tmp_path).write(None)
    assert all(run.is_dir() for run in runs)


def test_oldest_runs_are_removed(tmp_path: Path) -> None:
    """The end of a run removes the oldest runs beyond the limit, and no other folder."""
    runs = [earlier(tmp_path, number, PASSED) for number in range(RUNS_KEPT + 2)]
    (tmp_path / "docs").mkdir()
    made = reports(tmp_path)
    (made.folder / PASSED).parent.mkdir(parents=True)
    (made.folder / PASSED).write_text("")
    made.write(None)
    assert [run.is_dir() for run in runs] == [False] * 3 + [True] * (RUNS_KEPT - 1)
    assert (tmp_path / "docs").is_dir() and made.folder.is_dir()


def test_evidence_outlives_later_runs(tmp_path: Path) -> None:
    """Runs that passed do not push out a run with evidence. Runs with newer evidence do, and the run says so in one line."""
    printed = io.StringIO()
    old = [earlier(tmp_path, number, STORY_OF_ONE) for number in range(2)]
    for number in range(2, 2 + RUNS_KEPT):
        earlier(tmp_path, number, PASSED)
    reports(tmp_path, printed).write(None)
    assert all(run.is_dir() for run in old) and "Removed" not in printed.getvalue()
    for number in range(20, 19 + RUNS_KEPT):
        earlier(tmp_path, number, STORY_OF_ONE)
    reports(tmp_path, printed).write(None)
    assert [run.is_dir() for run in old] == [False, True]
    (line,) = [line for line in printed.getvalue().splitlines() if line.startswith("Removed")]
    assert "1 old run" in line and old[0].name in line and "-D runs_kept=" in line


def test_zero_keeps_all_runs(tmp_path: Path) -> None:
    """With runs_kept=0 no run is removed."""
    runs = [earlier(tmp_path, number, PASSED) for number in range(RUNS_KEPT + 2)]
    reports(tmp_path, runs_kept=0).write(None)
    assert all(run.is_dir() for run in runs)


def test_run_with_kept_stack_stays(tmp_path: Path) -> None:
    """A run with a kept stack stays, however old it is."""
    runs = [earlier(tmp_path, number, PASSED) for number in range(RUNS_KEPT + 2)]
    kept = {"format": 2, "run_id": runs[0].name, "name": "small-1", "topology": "small", "platform": "process", "token": "", "key": ""}
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "small.json").write_text(json.dumps(kept | {"nodes": {}}))
    reports(tmp_path).write(None)
    assert [run.is_dir() for run in runs[:3]] == [True, False, True]


def test_reproduce_command_has_settings(tmp_path: Path) -> None:
    """The command that repeats a scenario of a soak has the length of the soak, and no setting with its default."""
    settings = Settings(report_dir=tmp_path, seed=7, platform="process", soak_minutes=3.0, soak_rate=20.0)
    made = RunReports(settings, "run-1", PlainProgress(io.StringIO()))
    assert reproduce_command(made.result(), planned(1)).endswith(" --seed 7 -D soak_minutes=3.0")
