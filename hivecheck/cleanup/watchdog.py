"""Removes a run's stack when its harness died without doing so. Its standard input is a pipe that only the harness holds.

`done` on the pipe means the harness cleaned up; the pipe's end without it means the harness is dead. Own session.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from hivecheck import process_labels


class Watchdog:
    """The harness's end: start it before the first node, `dismiss` it after the last one was removed."""

    def __init__(self, run_id: str, platform: str, contexts: Sequence[str] = ()) -> None:
        command = [sys.executable, "-P", "-m", "hivecheck.cleanup.watchdog", run_id, platform, *contexts]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def dismiss(self) -> None:
        """Tell it that nothing is left to do, and wait for its end."""
        try:
            self._process.communicate(b"done", timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()


def watch(run_id: str, platform: str, contexts: Sequence[str] = ()) -> int:
    """Wait for the harness's word or its death; in the latter case end everything that carries its label.

    `contexts` are Docker contexts that hold containers of the run, beside the platform's own daemon.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # a terminal's ctrl-C is for the harness
    message = b""
    while piece := os.read(0, 64):
        message += piece
    if message != b"done":
        _sweep(run_id, platform, contexts)
    return 0


def _sweep(run_id: str, platform: str, contexts: Sequence[str]) -> None:
    process_labels.sweep(run_id)
    if platform == "docker":
        from hivecheck.platforms.docker import engine  # only now: it takes a while to import, and is hardly ever needed

        engine.sweep(engine.connect(), run_id, clean_looks=3)
    for context in contexts:
        from hivecheck.errors import HivecheckError
        from hivecheck.platforms.docker import contexts as docker_contexts
        from hivecheck.platforms.docker import engine

        # The next engine still gets its turn.
        with contextlib.suppress(HivecheckError, *engine.BROKEN):
            engine.sweep(docker_contexts.connect(context), run_id, clean_looks=3)


if __name__ == "__main__":
    sys.exit(watch(sys.argv[1], sys.argv[2], sys.argv[3:]))
