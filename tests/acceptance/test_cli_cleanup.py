"""`hivecheck doctor` and `hivecheck cleanup`, after the death of a harness and of its watchdog."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sample_project import Going, SampleProject, scenario

from hivecheck import process_labels
from hivecheck.process_labels import Owner
from hivecheck.settings import PROJECT_ROOT
from hivecheck.waiting import eventually

pytestmark = pytest.mark.slow

SMALL = "@integration @topology.small"
NODES_AND_THEIRS = 6  # three nodes, the hive's orphan killer and two workers
SECONDS = 50


def hivecheck(command: str, reports: Path) -> str:
    """The output of the command, which must exit with 0."""
    environment = {name: text for name, text in os.environ.items() if name != "CI" and not name.startswith("HIVECHECK_")}
    environment["HIVECHECK_REPORT_DIR"] = str(reports)
    done = subprocess.run(
        [sys.executable, "-m", "hivecheck.cli", command], capture_output=True, text=True, timeout=SECONDS, env=environment, cwd=PROJECT_ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def orphaned(project: SampleProject) -> Going:
    """A run with a killed harness and a killed watchdog."""
    project.feature(scenario("It waits", "a step waits for ever"), tags=SMALL)
    going = project.start()
    going.wait_for("ready")
    for pid in going.watchdogs():
        os.kill(pid, signal.SIGKILL)
    going.process.send_signal(signal.SIGKILL)
    going.end()
    return going


@pytest.fixture
def bystanders(tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A node of a running harness, and one of a kept stack with a dead harness."""
    kept = tmp_path / "kept.json"
    kept.touch()
    dead = replace(Owner.this_process(), started_ticks=1)
    environments = [
        {process_labels.RUN_LABEL: "test-living", process_labels.OWNER_LABEL: Owner.this_process().label()},
        {process_labels.RUN_LABEL: "test-kept", process_labels.OWNER_LABEL: dead.label(), process_labels.KEPT_LABEL: str(kept)},
    ]
    command = [sys.executable, "-c", "import signal; signal.pause()"]
    started = [subprocess.Popen(command, env=os.environ | environment) for environment in environments]
    eventually(lambda: {"test-living", "test-kept"} <= {process.run_id for process in process_labels.find()}, within=10, what="both")
    yield started
    for process in started:
        process.kill()
        process.wait(10)


def test_leftovers(orphaned: Going, bystanders: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    """The doctor finds what a killed harness left behind, and cleanup removes exactly that."""
    left = process_labels.find(orphaned.run_id)
    assert len(left) == NODES_AND_THEIRS
    lines = [line for line in hivecheck("doctor", tmp_path).splitlines() if orphaned.run_id in line]
    assert len(lines) == NODES_AND_THEIRS
    assert all(line.startswith("warn  left behind") and "`hivecheck cleanup`" in line for line in lines)

    output = hivecheck("cleanup", tmp_path)
    assert [f"pid {process.pid} of" in output for process in left] == [True] * NODES_AND_THEIRS
    assert process_labels.find(orphaned.run_id) == []
    assert [process.poll() for process in bystanders] == [None, None]
    assert orphaned.run_id not in hivecheck("doctor", tmp_path)
