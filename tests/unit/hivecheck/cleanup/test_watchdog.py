"""The watchdog, with a real harness's death."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from hivecheck import process_labels
from hivecheck.cleanup.watchdog import Watchdog
from hivecheck.waiting import eventually

SLEEP = [sys.executable, "-c", "import signal; signal.pause()"]
HARNESS = """
import signal, sys
from hivecheck.cleanup.watchdog import Watchdog
print(Watchdog(sys.argv[1], "process").pid, flush=True)
signal.pause()
"""


@pytest.fixture
def run_id() -> str:
    return f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def node(run_id: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the run."""
    with subprocess.Popen(SLEEP, env=os.environ | {process_labels.RUN_LABEL: run_id}, start_new_session=True) as started:
        yield started
        started.kill()


def test_dismissed_watchdog(run_id: str, node: subprocess.Popen[bytes]) -> None:
    """A dismissed watchdog exits and removes nothing."""
    watchdog = Watchdog(run_id, "process")
    watchdog.dismiss()
    assert not Path(f"/proc/{watchdog.pid}").exists()
    assert node.poll() is None


def test_killed_harness(run_id: str, node: subprocess.Popen[bytes]) -> None:
    """After a kill of the harness the watchdog stops the nodes and exits."""
    with subprocess.Popen([sys.executable, "-c", HARNESS, run_id], stdout=subprocess.PIPE) as harness:
        watchdog = int(harness.stdout.readline()) if harness.stdout else 0
        harness.kill()
    assert node.wait(10) == -signal.SIGKILL
    eventually(lambda: not Path(f"/proc/{watchdog}").exists() or _is_zombie(watchdog), within=10, what="the watchdog ended")


def test_ctrl_c_spares_watchdog(run_id: str) -> None:
    """A ctrl-C in the terminal does not reach the watchdog."""
    watchdog = Watchdog(run_id, "process")
    eventually(lambda: _ignores(watchdog.pid, signal.SIGINT), within=10, what="the watchdog ignores SIGINT")
    os.kill(watchdog.pid, signal.SIGINT)
    assert Path(f"/proc/{watchdog.pid}").exists()
    watchdog.dismiss()


def _is_zombie(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


def _ignores(pid: int, number: signal.Signals) -> bool:
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        mask = next(line.split()[1] for line in file if line.startswith("SigIgn"))
    return bool(int(mask, 16) >> (number - 1) & 1)
