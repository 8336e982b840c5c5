"""`hivecheck up | status | logs | down` and `--keep-failed`: stacks for a person, until `down`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hivecheck import process_labels
from hivecheck.settings import PROJECT_ROOT
from hivecheck.stack import kept_stacks

pytestmark = pytest.mark.slow
SECONDS = 60


class Terminal:
    """Runs `hivecheck` with a report folder of its own."""

    def __init__(self, reports: Path) -> None:
        self.reports = reports
        self._environment = os.environ | {"HIVECHECK_REPORT_DIR": str(reports), "HIVECHECK_PLATFORM": "process", "CI": "true"}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hivecheck.cli", *words]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS, env=self._environment, cwd=PROJECT_ROOT, check=False
        )

    def living(self) -> list[process_labels.Labelled]:
        runs = {kept.run_id for kept in kept_stacks.kept_stacks(self.reports)}
        return [process for process in process_labels.find() if process.run_id in runs]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path / "reports")
    yield made
    for kept in kept_stacks.kept_stacks(made.reports):
        kept_stacks.take_down(kept, made.reports)


def test_up_and_down(terminal: Terminal) -> None:
    """A stack starts, shows its status, serves the printed curl lines, and stops."""
    up = terminal.run("up", "small")
    assert up.returncode == 0, up.stderr
    curls = re.findall(r"^  (curl .*)$", up.stdout, re.MULTILINE)
    answers = [subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=10, check=True).stdout for line in curls]
    assert '"id":"model-a"' in answers[0] and '"chat.completion"' in answers[1] and '"online":2' in answers[2]

    status = terminal.run("status")
    assert status.returncode == 0
    assert re.search(r"worker-1\s+alive\s+model-a", status.stdout)
    assert '"event":"listening"' in terminal.run("logs", "registry").stdout

    assert "worker-1 is a process of hive-1" in terminal.run("logs", "worker-1").stderr

    run_id = kept_stacks.kept_stacks(terminal.reports)[0].run_id
    down = terminal.run("down")
    assert (down.returncode, down.stdout) == (0, "small is down\n")
    assert process_labels.find(run_id) == []


def test_down_with_nothing_up(terminal: Terminal) -> None:
    """Without a stack there is nothing to take down, and that is no error."""
    for words in (["down"], ["down", "--all"]):
        done = terminal.run(*words)
        assert (done.returncode, done.stdout) == (0, "No stack is up.\n")


def test_up_twice(terminal: Terminal) -> None:
    """A second stack of a topology is announced as such, and its commands name its id."""
    terminal.run("up", "small")
    [first] = kept_stacks.kept_stacks(terminal.reports)
    second = terminal.run("up", "small")
    assert f"small is already up ({first.run_id})" in second.stderr
    assert re.search(r"hivecheck down up-\S+", second.stdout)
    refused = terminal.run("down", "small")
    assert refused.returncode == 2 and f"`hivecheck down {first.run_id}`" in refused.stderr
    assert terminal.run("down", "--all").returncode == 0


def test_status_of_dead_node(terminal: Terminal) -> None:
    """Status has exit code 1 when a node does not answer."""
    terminal.run("up", "small")
    for process in terminal.living():
        if process.node == "registry":
            os.kill(process.pid, 9)
    status = terminal.run("status")
    assert status.returncode == 1
    assert re.search(r"registry\s+registry\s+no answer", status.stdout)


@pytest.mark.parametrize(
    ("words", "phrase"),
    [
        (["up", "nowhere"], "'nowhere'"),
        (["down", "small"], "no such stack is up; start one with `hivecheck up`"),
        (["logs", "registry"], "Up are: none."),
        (["mutate", "no-such-mutant"], "actual: 'no-such-mutant'"),
    ],
)
def test_refused(terminal: Terminal, words: list[str], phrase: str) -> None:
    """An impossible command ends with a message and exit code 2."""
    done = terminal.run(*words)
    assert done.returncode == 2
    assert phrase in done.stderr


def test_keep_failed(terminal: Terminal, tmp_path: Path) -> None:
    """With --keep-failed the stack of a failed scenario stays up, and the output shows how to use it."""
    from hivecheck.mutation.mutant import load, plant

    plant(load(PROJECT_ROOT / "mutants" / "orchestrator" / "cluster-unknown-model-policy-ignored.toml"), PROJECT_ROOT, tmp_path / "overlay")
    done = terminal.run(
        "run",
        "features/integration/models.feature",
        "--name",
        "unknown_model_status",
        "--keep-failed",
        "-D",
        f"services_root={tmp_path}/overlay",
    )
    assert done.returncode == 1, done.stdout
    assert "Kept for you: unknown_model_503-1" in done.stdout and "hivecheck down unknown_model_503-1" in done.stdout
    assert {process.node for process in terminal.living()} == {"registry", "orchestrator", "hive-1"}
    assert terminal.run("status").returncode == 0
    assert terminal.run("down", "unknown_model_503-1").returncode == 0
    assert terminal.living() == []
