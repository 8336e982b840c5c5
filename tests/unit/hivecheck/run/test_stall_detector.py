"""Reports of a machine that did not schedule the harness."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

WATCHING = """
import sys, time
from hivecheck.run.stall_detector import StallDetector
from hivecheck.waiting import eventually
with StallDetector() as watch:
    begun = time.monotonic()
    print("ready", flush=True)
    sys.stdin.readline()
    eventually(lambda: watch.longest(begun), within=10, what="a standstill")
    print(watch.longest(begun), watch.longest(time.monotonic()))
"""
STOPPED_SECONDS = 0.6


def test_stall_is_measured() -> None:
    """A stopped process reports its longest stall since the given moment."""
    with subprocess.Popen([sys.executable, "-c", WATCHING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        threading.Event().wait(STOPPED_SECONDS)
        os.kill(process.pid, signal.SIGCONT)
        process.stdin.write("\n")
        process.stdin.flush()
        since_begun, since_now = map(float, process.stdout.read().split())
    assert since_begun >= STOPPED_SECONDS
    assert since_now == 0.0
