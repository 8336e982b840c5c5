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
from hivecheck.run.run_reports import RUNS_KEPT, RunReports
from hivecheck.settings import Settings


def planned(line: int) -> Planned:
    return Planned(f"a.feature:{line}", "A", f"scenario {line}", "a.feature", line)


def reports(folder: Path) -> RunReports:
    made = RunReports(Settings(report_dir=folder, seed=7, platform="process"), "20260101-000000-1", PlainProgress(io.StringIO()))
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


def test_oldest_runs_are_removed(tmp_path: Path) -> None:
    """A new run removes the oldest runs beyond the limit, and no other folder."""
    for number in range(RUNS_KEPT + 2):
        (tmp_path / f"20250101-0000{number:02d}-1").mkdir()
    (tmp_path / "docs").mkdir()
    reports(tmp_path)
    assert len(list(tmp_path.glob("20*"))) == RUNS_KEPT
    assert (tmp_path / "docs").is_dir()
    assert not (tmp_path / "20250101-000000-1").exists()
