"""Shards as processes of this machine. The system chooses their cores."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping

from hivecheck.load.carriers.carrier import SHARD_MODULE
from hivecheck.process_labels import NODE_LABEL

TAIL_BYTES = 2000


class LocalProcess:
    """One process. Its session is its own, because a terminal's ctrl-C is for the coordinator."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        # A file, because an unread pipe of errors would stop the shard once it is full.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", SHARD_MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
            env=os.environ | variables,
        )

    @property
    def place(self) -> str:
        return f"local process {self._process.pid}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, line: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        self._process.stdin.flush()

    def lines(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        yield from self._process.stdout

    def ending(self) -> str:
        code = self._process.wait()
        how = f"signal {signal.Signals(-code).name} ended it" if code < 0 else f"it ended with code {code}"
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - TAIL_BYTES))
        last = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        return f"{how}: {last}" if last else how

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            # A line that nothing took may still be in the buffer.
            with contextlib.suppress(OSError):
                self._process.stdin.close()


class Local:
    """The carrier. `labels` are variables by which a cleanup finds the processes."""

    def __init__(self, labels: Mapping[str, str] | None = None) -> None:
        self._labels = dict(labels or {})

    def start(self, name: str, variables: Mapping[str, str]) -> LocalProcess:
        return LocalProcess({**self._labels, NODE_LABEL: name, **variables})

    def close(self) -> None:
        """Nothing: it holds nothing beside its processes."""
