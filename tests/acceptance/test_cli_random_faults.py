"""`--random-faults` and `--plan`: what makes no sense is refused before a stack is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow
SECONDS = 50
BAD = '{"seed": 1, "faults": [{"at_seconds": 1, "fault": "a flood", "target": "worker-1", "for_seconds": 1}]}'


def run(reports: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hivecheck.cli", "run", "--platform", "process", *words, "-D", f"report_dir={reports}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=PROJECT_ROOT, env=os.environ, check=False)


def test_a_plan_that_makes_no_sense_is_refused_with_key_value_and_accepted_form(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(BAD)
    done = run(tmp_path / "reports", "--plan", str(plan))
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"plan={plan}: faults[0].fault='a flood': expected one of a SIGKILL, a SIGTERM, a process pause, " in done.stderr
    assert "(there is no such fault)." in done.stderr
    assert "stack" not in done.stdout


def test_a_plan_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "reports", "--plan", str(tmp_path / "none.json"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "expected a JSON file as a run with random faults leaves it" in done.stderr


def test_more_faults_than_a_scenario_has_time_for_are_refused(tmp_path: Path) -> None:
    done = run(tmp_path / "reports", "--random-faults", "99")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "random_faults=99: expected a whole number, 1 to 10." in done.stderr
