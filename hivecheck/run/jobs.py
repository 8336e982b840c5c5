"""Several jobs of one run: processes that are forked after the plan, each with stacks of its own. Knows nothing of behave.

A job asks for a scenario, carries it out and sends its progress and outcome over a pipe. The run's own process assigns, collects,
handles signals and writes the one report. A fork, because behave, features, steps and libraries are loaded by then.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hivecheck.errors import Reason
from hivecheck.reports.console import Progress
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult, Status
from hivecheck.run.run_reports import RunReports
from hivecheck.run.schedule import Assignment, Schedule, Wait

PR_SET_PDEATHSIG = 1  # prctl(2)
# A job takes its stacks down after an interruption. Then it is killed, and the run removes what it left.
END_SECONDS = 60.0
READY = "ready"

Body = Callable[["Job"], None]


@dataclass(frozen=True)
class Ended:
    """The last message of a job."""

    interrupted_by: str | None
    crash: str | None
    plan_files: Mapping[str, str]


class Job:
    """The side of a job: its number, the number of jobs, and the pipe to the run.

    A signal that arrives while a message is half sent must wait: ask `postpones` in the handler before it raises.
    """

    def __init__(self, number: int, count: int, pipe: Connection) -> None:
        self.number = number
        self.count = count
        self._pipe = pipe
        self._lock = threading.Lock()  # progress may come from any thread
        self._is_busy = False
        self._is_postponed = False

    def assignments(self) -> Iterator[Assignment]:
        """Ask for one scenario after the other until none is left."""
        while True:
            self.send(READY)
            self._pipe.poll(None)
            with self._undisturbed():
                assignment = self._pipe.recv()
            if assignment is None:
                return
            yield assignment

    def send(self, message: object) -> None:
        with self._lock, self._undisturbed():
            self._pipe.send(message)

    def postpones(self) -> bool:
        """Whether the interruption must wait. It then comes as KeyboardInterrupt after the message."""
        self._is_postponed = self._is_busy
        return self._is_busy

    def close(self) -> None:
        self._pipe.close()

    @contextlib.contextmanager
    def _undisturbed(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # Python handles signals in the main thread only
            return
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False
        if self._is_postponed:
            self._is_postponed = False
            raise KeyboardInterrupt


class JobProgress:
    """A Progress that sends each call to the run."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def _send(self, method: str, *arguments: object) -> None:
        self._job.send((method, arguments))

    def say(self, sentence: str) -> None:
        self._send("say", sentence)

    def run_started(self, plan: Sequence[Planned], seed: int, platform: str, target: str, report_dir: Path) -> None:
        """Nothing: the run shows its own start."""

    def jobs_started(self, count: int, seconds: Mapping[str, float]) -> None:
        """Nothing: the run shows it."""

    def stack_starting(self, topology: str, job: int = 0) -> None:
        self._send("stack_starting", topology, self._job.number)

    def stack_ready(self, topology: str, seconds: float, urls: Mapping[str, str], job: int = 0) -> None:
        self._send("stack_ready", topology, seconds, urls, self._job.number)

    def scenario_started(self, planned: Planned, job: int = 0) -> None:
        self._send("scenario_started", planned, self._job.number)

    def scenario_finished(self, outcome: Outcome, job: int = 0) -> None:
        self._send("scenario_finished", outcome, self._job.number)

    def problem_found(self, problem: RunProblem) -> None:
        self._send("problem_found", problem)

    def job_ended(self, job: int) -> None:
        """Nothing: the run notices it."""

    def run_finished(self, result: RunResult, junit_path: Path | None, report_dir: Path) -> None:
        """Nothing: the run writes the report."""


@dataclass
class _Process:
    """The run's side of a job."""

    number: int
    process: BaseProcess
    pipe: Connection
    current: Planned | None = None
    is_waiting: bool = False
    ended: Ended | None = None


@dataclass
class Jobs:
    """Starts the jobs, and `supervise`s them to their end."""

    reports: RunReports
    progress: Progress
    schedule: Schedule
    stop_at_first_failure: bool = False
    _processes: dict[int, _Process] = field(default_factory=dict)

    def start(self, count: int, body: Body) -> None:
        """Fork this process `count` times. `body` carries out a job, and takes the signals of its process."""
        sys.stdout.flush()
        sys.stderr.flush()
        context = multiprocessing.get_context("fork")
        for number in range(count):
            ours, theirs = context.Pipe()
            others = [process.pipe for process in self._processes.values()]
            process = context.Process(target=_carry_out, args=(body, Job(number, count, theirs), [*others, ours], os.getpid()))
            process.start()
            theirs.close()
            self._processes[number] = _Process(number, process, ours)

    def supervise(self, interruption: int) -> None:
        """Assign and collect until every job has ended. A byte from the descriptor `interruption` is a signal for all of them."""
        while self._processes:
            pipes: list[Any] = [interruption, *(process.pipe for process in self._processes.values())]
            limit = END_SECONDS if self.reports.interrupted_by else None
            ready = wait(pipes, limit)
            if not ready:
                for process in self._processes.values():
                    process.process.kill()
            if interruption in ready:
                self._interrupt(signal.Signals(os.read(interruption, 1)[0]))
            for process in [process for process in self._processes.values() if process.pipe in ready]:
                self._receive(process)

    def _receive(self, process: _Process) -> None:
        try:
            message = process.pipe.recv()
        except (EOFError, OSError):
            self._end(process)
            return
        if message == READY:
            process.current = None
            self._assign(process)
        elif isinstance(message, Ended):
            process.ended = message
            self.reports.plan_files |= message.plan_files
        else:
            self._take(process, *message)

    def _take(self, process: _Process, method: str, arguments: tuple[Any, ...]) -> None:
        if method == "scenario_finished":
            outcome: Outcome = arguments[0]
            process.current = None
            self.reports.record(outcome, process.number)
            if self.stop_at_first_failure and outcome.status not in (Status.PASSED, Status.NOT_SUPPORTED):
                self.schedule.drop()
            return
        if method == "problem_found":
            problem: RunProblem = arguments[0]
            self.reports.add_problem(problem.title, problem.detail, problem.reason)
            return
        if method == "scenario_started":
            process.current = arguments[0]
        getattr(self.progress, method)(*arguments)

    def _assign(self, process: _Process) -> None:
        assignment = self.schedule.next(process.number)
        # Here and not in a job, because any job may have seen that the topology does not start.
        while isinstance(assignment, Assignment) and self.reports.block_after_failed_starts(assignment.planned, process.number):
            assignment = self.schedule.next(process.number)
        process.is_waiting = assignment is Wait.MORE
        if assignment is Wait.MORE:
            return
        process.pipe.send(None if assignment is Wait.DONE else assignment)

    def _end(self, process: _Process) -> None:
        """The pipe is closed: the job has ended, in good order or not."""
        process.process.join()
        process.pipe.close()
        del self._processes[process.number]
        self.progress.job_ended(process.number)
        self.schedule.left(process.number)
        if process.ended is None:
            self._died(process)
        else:
            self.reports.interrupted_by = self.reports.interrupted_by or process.ended.interrupted_by
            if process.ended.crash:
                self.reports.crash = self.reports.crash or process.ended.crash
        if self.reports.crash or self.reports.interrupted_by:
            self.schedule.drop()
        for other in self._processes.values():
            if other.is_waiting:
                self._assign(other)

    def _died(self, process: _Process) -> None:
        code = process.process.exitcode
        how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        during = f" during: {process.current.name}" if process.current else ""
        self.reports.crash = self.reports.crash or f"job {process.number + 1} of this run ended with {how}{during}"
        if process.current:
            detail = f"expected: the job ends after its scenarios\nactual: {how}"
            ended = Outcome(process.current, Status.NOT_RUN, message="its job ended", detail=detail, reason=Reason.HARNESS_ERROR)
            self.reports.record(ended, process.number)

    def _interrupt(self, number: signal.Signals) -> None:
        self.reports.interrupted_by = self.reports.interrupted_by or number.name
        self.schedule.drop()
        for process in self._processes.values():
            if process.is_waiting:
                self._assign(process)
            elif process.process.pid is not None and process.ended is None:
                os.kill(process.process.pid, number)


def _carry_out(body: Body, job: Job, pipes_of_the_run: Sequence[Connection], run_pid: int) -> None:
    """The whole life of a job's process."""
    # The run must see the end of a pipe when its job ends, so no other job may hold it open.
    for pipe in pipes_of_the_run:
        pipe.close()
    # A job without its run would go on starting nodes that nothing removes any more.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != run_pid:
        os._exit(1)
    code = 0
    try:
        body(job)
    except BaseException:
        sys.stderr.write(traceback.format_exc())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    job.close()
    os._exit(code)  # the exit handlers and threads are those of the run
