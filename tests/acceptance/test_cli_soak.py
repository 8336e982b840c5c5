"""`hivecheck soak`, from start to end: a sound stack, an interruption, a planted defect."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hivecheck import process_labels
from hivecheck.settings import PROJECT_ROOT
from hivecheck.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SECONDS = 540
MUTANT = ("services/orchestrator/forwarding/delivery.py", "body=exchange.first_chunk, status", "body=exchange.first_chunk[:-1], status")


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    """A soak in a process group of its own, with its output in a file."""
    command = [sys.executable, "-m", "hivecheck.cli", "soak", "--platform", "process", "--seed", "7", *words]
    # The topology `small` has generous limits for a response, so a slow machine causes no failure. Faults are in soak.feature.
    command += ["--topology", "small", "--random-faults", "0", "-D", f"report_dir={folder / 'reports'}", "-D", "timeout_scale=4"]
    with (folder / "output.txt").open("w") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True, cwd=PROJECT_ROOT, start_new_session=True)


def output(folder: Path) -> str:
    return (folder / "output.txt").read_text()


def report(folder: Path) -> dict[str, Any]:
    """The content of the one `soak.json`."""
    (path,) = folder.glob("reports/*/scenarios/*/soak.json")
    return dict(json.loads(path.read_text()))


def must_leave_nothing(folder: Path) -> None:
    """No process of the run is left, and there is a JUnit report."""
    (run,) = [path.name for path in (folder / "reports").glob("*-*-*")]
    assert list(process_labels.find(run)) == []
    assert (folder / "reports" / "junit.xml").is_file()


def test_sound_soak(tmp_path: Path) -> None:
    """A short soak of the bundled services passes, with load and floors in one timeline."""
    process = start(tmp_path, "--minutes", "0.5", "--rate", "10")
    assert process.wait(SECONDS) == 0, output(tmp_path)
    content = report(tmp_path)
    assert content["verdict"] == "passed" and content["is_whole"]
    assert {entry["kind"] for entry in content["timeline"]} == {"load", "floors", "end"}
    assert any(name.startswith("orchestrator: ") for name in content["leaks"])
    assert "round 1: floors" in output(tmp_path) and "no leak: passed" in output(tmp_path)
    must_leave_nothing(tmp_path)


def test_interrupted_soak(tmp_path: Path) -> None:
    """Ctrl-C after a round gives the report so far and exit code 2."""
    process = start(tmp_path, "--minutes", "10")
    eventually(
        lambda: "round 1: floors" in output(tmp_path),
        within=SECONDS / 2,
        what="the first round",
        gone=lambda: None if process.poll() is None else output(tmp_path),
    )
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS / 2) == 2, output(tmp_path)
    content = report(tmp_path)
    assert (content["verdict"], content["is_whole"]) == ("inconclusive", False) and content["rounds"] >= 1
    assert "interrupted by SIGINT" in output(tmp_path)
    must_leave_nothing(tmp_path)


def test_wrong_answers_stop_a_soak(tmp_path: Path) -> None:
    """A gateway that drops the last byte of an answer ends the soak after its first round with exit code 1."""
    root, (file, before, after) = tmp_path / "changed", MUTANT
    shutil.copytree(PROJECT_ROOT / "services", root / "services", ignore=shutil.ignore_patterns("__pycache__"))
    text = (root / file).read_text()
    assert text.count(before) == 1, f"{file} holds {text.count(before)} times {before!r}: change this test with the source"
    (root / file).write_text(text.replace(before, after))
    process = start(tmp_path, "--minutes", "10", "-D", f"services_root={root}")
    assert process.wait(SECONDS) == 1, output(tmp_path)
    content = report(tmp_path)
    assert (content["verdict"], content["rounds"]) == ("failed", 1)
    assert content["verdicts"]["no wrong answer"]["answer"] == "failed"
    must_leave_nothing(tmp_path)
