"""`hivecheck repeat`: flake rates of scenarios over many runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from sample_project import SampleProject, scenario

from hivecheck.rerun import repetition

pytestmark = pytest.mark.slow
SECONDS = 90

EVERY_THIRD = """
@step("it is wrong every third time")
def every_third(context):
    count = Path("count")
    with count.open("a") as file:
        file.write(".")
    assert count.stat().st_size % 3, "expected: a number no 3 divides"
"""


def repeat(project: SampleProject, *words: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: text for name, text in os.environ.items() if name != "CI" and not name.startswith("HIVECHECK_")}
    command = [sys.executable, "-m", "hivecheck.cli", "repeat", "--platform", "process", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=inherited, cwd=project.folder, check=False)


def test_flaky(project: SampleProject) -> None:
    """A scenario that fails every third time is flaky, with its rate and the first run that differs."""
    project.add_steps(EVERY_THIRD)
    project.feature(scenario("It alternates", "it is wrong every third time"), scenario("It passes", "it works"))
    done = repeat(project, "--runs", "6", "features/sample.feature")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "33.3%  [4.3%, 77.7%]  4 passed, 2 failed  It alternates" in done.stdout
    assert "run 1 passed, the first with another status is run 3: failed" in done.stdout
    assert "expected: a number no 3 divides" in done.stdout
    assert "0.0%  [0.0%, 45.9%]  6 passed  It passes" in done.stdout
    assert done.stdout.rstrip().endswith("FLAKY  1 flaky, 0 never passed, of 2 scenarios in 6 runs (exit 1)")
    content = json.loads((project.folder / "reports" / "repeat" / "repeat.json").read_text())
    assert content["format"] == repetition.FORMAT
    assert len({run["seed"] for run in content["runs"]}) == 6


def test_steady(project: SampleProject) -> None:
    """A scenario that always passes is steady, and a given seed holds for each run."""
    project.feature(scenario("It passes", "it works"))
    done = repeat(project, "--runs", "2", "--seed", "7", "--tags", "@integration")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 runs, seed 7 in every run, platform process" in done.stdout
    assert "STEADY  0 flaky, 0 never passed, of 1 scenario in 2 runs; a scenario may still fail in up to 84.2% of runs" in done.stdout


def test_refused_first_run(project: SampleProject) -> None:
    """A refused first run ends the repetition without a verdict."""
    project.feature(scenario("It passes", "it works"))
    done = repeat(project, "--runs", "5", "--tags", "@no_such_tag")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "actual: @no_such_tag" in done.stdout
    assert "run 2 of 5" not in done.stdout


def test_one_run(project: SampleProject) -> None:
    """A repetition of one run is refused."""
    done = repeat(project, "--runs", "1")
    assert done.returncode == 2
    assert "expected: --runs of 2 or more" in done.stderr
