"""`hivecheck load --carriers` ends in any way and leaves no shard behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hivecheck import process_labels
from hivecheck.load.calibration import truth_server
from hivecheck.timeouts import Timeouts
from hivecheck.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

START_SECONDS = 200.0  # for a busy machine


@pytest.fixture
def url() -> Iterator[str]:
    with truth_server(0.0, 0.0) as url:
        yield url


class Going:
    """A long load in two shards."""

    def __init__(self, url: str, folder: Path) -> None:
        self.output = folder / "output.txt"
        command = [sys.executable, "-m", "hivecheck.cli", "load", "--url", url, "--model", "m", "--rate", "20", "--duration", "600"]
        command += ["--carriers", "local:2", "--no-calibration", "--lateness-limit", "3600", "--out", str(folder / "out")]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def shards(self) -> list[process_labels.Labelled]:
        return [one for one in process_labels.find() if one.run_id.startswith("load-") and one.run_id.endswith(f"-{self.process.pid}")]

    def await_progress(self) -> None:
        eventually(lambda: "offered" in self.output.read_text(), within=START_SECONDS, what="a line of progress")
        assert sorted(shard.node for shard in self.shards()) == ["shard-0", "shard-1"]

    def must_leave_nothing(self) -> None:
        eventually(self.shards, within=Timeouts().clean_up, what="no shard left", until=lambda left: not left)


@pytest.fixture
def going(url: str, tmp_path: Path) -> Iterator[Going]:
    going = Going(url, tmp_path)
    yield going
    going.process.kill()
    going.process.wait()


def test_interrupted(going: Going, tmp_path: Path) -> None:
    """Ctrl-C gives the result so far with exit code 2."""
    going.await_progress()
    going.process.send_signal(signal.SIGINT)
    assert going.process.wait(START_SECONDS) == 2
    data = json.loads((tmp_path / "out" / "load.json").read_text())
    assert [reason["code"] for reason in data["invalid_reasons"]] == ["interrupted"] and data["totals"]["sent"] > 0
    going.must_leave_nothing()


@pytest.mark.parametrize("is_stuck", [False, True], ids=["running", "stopped"])
def test_killed(going: Going, is_stuck: bool) -> None:
    """A coordinator that is killed leaves no shard, not even a stopped one that cannot notice it."""
    going.await_progress()
    if is_stuck:
        os.kill(going.shards()[0].pid, signal.SIGSTOP)
    going.process.kill()
    going.process.wait()
    going.must_leave_nothing()


def test_killed_shard(going: Going, tmp_path: Path) -> None:
    """A shard that is killed makes the run INVALID, and the report names it."""
    going.await_progress()
    victim = going.shards()[1].pid
    os.kill(victim, signal.SIGKILL)
    assert going.process.wait(START_SECONDS) == 2
    data = json.loads((tmp_path / "out" / "load.json").read_text())
    assert [reason["code"] for reason in data["invalid_reasons"]] == ["shard_dead"]
    assert f"local process {victim}" in data["invalid_reasons"][0]["sentence"]
    assert "INVALID" in going.output.read_text()
    going.must_leave_nothing()
