"""A load run in a process of its own: `python -m hivecheck.load FOLDER`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from recording_server import RecordingServer
from runs import even, plan_of

from hivecheck.load import result


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hivecheck.load", str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"KEY": "secret"})


def test_result_and_key(recorder: RecordingServer, tmp_path: Path) -> None:
    """The process reads the plan, sends the key of the variable and writes the result, which holds no key."""
    with start(tmp_path) as process:
        assert process.stdin is not None
        process.stdin.write(plan_of(recorder.url, key_variable="KEY").to_json() + b"\n")
        process.stdin.flush()
        assert process.wait(50) == 0
    assert result.read(tmp_path)["totals"]["done"] == 10
    assert "Authorization: Bearer secret" in recorder.heads[0]
    assert "secret" not in (tmp_path / result.RESULT_FILE).read_text()


def test_end_of_input(recorder: RecordingServer, tmp_path: Path) -> None:
    """A run ends with its input, without a result: a harness that died leaves no load behind."""
    with start(tmp_path) as process:
        _, _ = process.communicate(plan_of(recorder.url, schedule=even(10, 3600)).to_json() + b"\n", 50)
    assert process.returncode == 2 and not (tmp_path / result.RESULT_FILE).exists()


def test_no_server(tmp_path: Path) -> None:
    """A run that cannot succeed has its reason on stderr and exit code 2."""
    with start(tmp_path) as process:
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write(plan_of("http://127.0.0.1:1/v1", warm_up=1).to_json() + b"\n")
        process.stdin.flush()
        assert process.wait(50) == 2
        assert b"expected: a server" in process.stderr.read()
