"""A wrong fault plan or number of random faults is refused before a stack starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hivecheck.settings import PROJECT_ROOT

pytestmark = pytest.mark.slow
SECONDS = 50
BAD = '{"format": 2, "seed": 1, "faults": [{"at_seconds": 1, "fault": "a flood", "target": "worker-1", "for_seconds": 1}]}'


def run(reports: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hivecheck.cli", "run", "--platform", "process", *words, "-D", f"report_dir={reports}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=PROJECT_ROOT, env=os.environ, check=False)


def test_bad_plan(tmp_path: Path) -> None:
    """A bad plan is refused with the key, its value and the accepted form."""
    plan = tmp_path / "plan.json"
    plan.write_text(BAD)
    done = run(tmp_path / "reports", "--fault-plan", str(plan))
    assert done.returncode == 2, done.stdout + done.stderr
    assert f'fault_plan={plan}: faults[0].fault="a flood": expected one of ' in done.stderr
    assert "(there is no such fault)." in done.stderr
    assert "stack" not in done.stdout


def test_missing_plan(tmp_path: Path) -> None:
    """A missing plan file is refused."""
    done = run(tmp_path / "reports", "--fault-plan", str(tmp_path / "none.json"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "none.json does not exist; next: give the plan.json of a run's evidence folder" in done.stderr


@pytest.mark.parametrize("option", ["--random-faults", "-Drandom_faults"])
def test_unused_random_faults(tmp_path: Path, option: str) -> None:
    """Random faults are refused if no selected scenario injects them."""
    words = [option, "2"] if option.startswith("--") else [f"{option}=2"]
    done = run(tmp_path / "reports", "features/full_stack/chat.feature", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "expected: a selected scenario uses random_faults" in done.stdout + done.stderr
    assert "is ready" not in done.stdout


def test_too_many_random_faults(tmp_path: Path) -> None:
    """More faults than a scenario has time for are refused."""
    done = run(tmp_path / "reports", "--random-faults", "99")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "random_faults=99: expected a whole number, 1 to 10." in done.stderr
