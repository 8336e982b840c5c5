"""Runs one engine against a truth server and observes both from outside: what arrived, and what the engine's processes cost.

The server and this process share one core, and the engine has the other one. What an engine reports about itself is apart.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers.peer import Case, Peer, Reported, Run

POLL_SECONDS, MOST_POLLS = 0.1, 600
# Beside the load: the start of an engine, slow peers that work off their queue, and its report.
EXTRA_SECONDS = 120.0
END_SECONDS = 5.0
LAST_CHARACTERS = 200
# The middle of a run: neither the start of its users nor its last stragglers.
FROM_SHARE, TO_SHARE = 0.1, 0.9
STOP_AFTER_SECONDS = 1.0
TICKS = os.sysconf("SC_CLK_TCK")
GONE = (FileNotFoundError, ProcessLookupError)  # a process that ended meanwhile
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Moment:
    """One look at both sides. CPU seconds and memory (resident, MiB) are sums over the processes of the engine."""

    at: float
    received: int
    answered: int
    cpu_seconds: float
    memory_mib: float


@dataclass(frozen=True)
class Observed:
    """A run. `exit_code` is None when the engine did not end in time."""

    moments: Sequence[Moment]
    stats: Mapping[str, Any]  # of the server, after the run
    exit_code: int | None
    output: str
    seconds: float
    reported: Reported | None
    problem: str = ""

    @property
    def middle(self) -> Sequence[Moment]:
        """From the first tenth of the answers to the last one."""
        total = self.moments[-1].answered if self.moments else 0
        return [moment for moment in self.moments if FROM_SHARE * total <= moment.answered <= TO_SHARE * total and moment.answered]

    def rates(self) -> tuple[float, float] | None:
        """Answers per second, and per CPU-second of the engine, in the middle of the run. None when it was too short to tell."""
        middle = self.middle
        if len(middle) < 2 or middle[-1].cpu_seconds <= middle[0].cpu_seconds:
            return None
        answers = middle[-1].answered - middle[0].answered
        return answers / (middle[-1].at - middle[0].at), answers / (middle[-1].cpu_seconds - middle[0].cpu_seconds)

    def most_open(self) -> int:
        """The most streams at one moment, as the server counts them."""
        return max((moment.received - moment.answered for moment in self.moments), default=0)

    def memory(self) -> tuple[float, float]:
        """The most memory under load in MiB, and its growth between the first and the last third of the middle."""
        loaded = [moment.memory_mib for moment in self.moments if moment.received]
        middle = [moment.memory_mib for moment in self.middle]
        third = max(1, len(middle) // 3)
        return max(loaded, default=0.0), max(middle[-third:], default=0.0) - max(middle[:third], default=0.0)


def observe(peer: Peer, case: Case, binaries: Path, seed: int) -> Observed:
    """Run the case. An engine that fails is a result with a problem."""
    with tempfile.TemporaryDirectory(prefix=f"bench-{peer.name}-") as folder, _server(case) as (port, pid):
        run = Run(case, f"http://127.0.0.1:{port}", Path(folder), seed)
        begun = time.monotonic()
        moments, exit_code, output = _watch(peer, run, binaries, port, pid)
        seconds = time.monotonic() - begun
        connection = _connection(port)
        stats = _get(connection, "/stats") | _get(connection, "/lateness")
        try:
            reported, problem = peer.reported(run, output), ""
        except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            reported, problem = None, f"no report, {_end(case, exit_code)}: {type(error).__name__} {error}; {_last_words(output)}"
    return Observed(moments, stats, exit_code, output, seconds, reported, problem)


def _end(case: Case, exit_code: int | None) -> str:
    return f"not ended within {case.seconds + EXTRA_SECONDS:g} s" if exit_code is None else f"exit code {exit_code}"


def _last_words(output: str) -> str:
    """The end of what it wrote, in one line and without frames."""
    return " ".join(re.sub(r"[^ -~]", " ", output).split())[-LAST_CHARACTERS:]


def _watch(peer: Peer, run: Run, binaries: Path, port: int, server: int) -> tuple[list[Moment], int | None, str]:
    moments: list[Moment] = []
    connection = _connection(port)
    until = time.monotonic() + run.case.seconds + EXTRA_SECONDS
    with (run.folder / "output").open("wb") as output, _client(peer, run, binaries, output.fileno()) as client:
        stop = _Stop(run.case.stopped_seconds, server)
        pause = threading.Event()  # never set: it is the clock of the looks
        poll_seconds = max(POLL_SECONDS, run.case.seconds / MOST_POLLS)
        while client.poll() is None and time.monotonic() < until:
            if not stop.is_under_way():
                stats = _get(connection, "/stats")
                cpu, memory = _session(client.pid)
                moments.append(Moment(time.monotonic(), stats["received"], stats["answered"], cpu, memory))
                stop.begin_if_due(moments[-1])
            pause.wait(poll_seconds)
        exit_code = client.poll()
    stop.end()
    return moments, exit_code, (run.folder / "output").read_text(errors="replace")


class _Stop:
    """SIGSTOP of the server, some time after its first request."""

    def __init__(self, seconds: float, pid: int) -> None:
        self._seconds, self._pid = seconds, pid
        self._first = self._begun = 0.0

    def begin_if_due(self, moment: Moment) -> None:
        if not self._seconds or self._begun or not moment.received:
            return
        self._first = self._first or moment.at
        if moment.at >= self._first + STOP_AFTER_SECONDS:
            self._begun = time.monotonic()
            os.kill(self._pid, signal.SIGSTOP)

    def is_under_way(self) -> bool:
        if not self._begun or not self._seconds:
            return False
        if time.monotonic() < self._begun + self._seconds:
            return True
        self.end()
        return False

    def end(self) -> None:
        if self._begun and self._seconds:
            os.kill(self._pid, signal.SIGCONT)
            self._seconds = 0.0


@contextmanager
def _server(case: Case) -> Iterator[tuple[int, int]]:
    """A truth server on the last core, by its port and process id."""
    command = [sys.executable, "-m", "hivecheck.load.truth_server", *(["--truth", case.truth] if case.truth else [])]
    _pin(last=True)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.stdin.close()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _client(peer: Peer, run: Run, binaries: Path, output: int) -> Iterator[subprocess.Popen[bytes]]:
    """The engine on the first core, in a session of its own, by which its processes are found. All of them end with it."""
    command, environment = peer.command(run, binaries), os.environ | peer.environment(run)
    _pin(last=False)
    with subprocess.Popen(
        command, cwd=run.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    ) as process:
        _pin(last=True)
        try:
            yield process
        finally:
            for pid in _pids(process.pid):
                with contextlib.suppress(*GONE):
                    os.kill(pid, signal.SIGKILL)


def _pin(*, last: bool) -> None:
    """Put this process, and so its next child, on a core of its own. Systems without affinity let the scheduler decide."""
    if hasattr(os, "sched_setaffinity") and (cores := os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {cores - 1} if last else {0})


def _pids(session: int) -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _fields(int(entry.name))[3:4] == [str(session)]
    ]


def _session(session: int) -> tuple[float, float]:
    """CPU seconds and resident memory of all processes of a session. Those that ended count through the ones that waited for them."""
    cpu = memory = 0.0
    for pid in _pids(session):
        if fields := _fields(pid):
            cpu += sum(int(value) for value in fields[11:15]) / TICKS
            memory += int(fields[21]) * PAGE_MIB
    return cpu, memory


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat, from the state on; proc(5). Empty when the process has exited."""
    with contextlib.suppress(*GONE):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=EXTRA_SECONDS)


def _get(connection: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    connection.request("GET", path)
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    return answer
