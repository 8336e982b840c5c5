"""Prints the progress of a run: plain lines for a CI, live lines below them on a terminal. The lines come from summary.py."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from hivecheck.reports import summary
from hivecheck.reports.live_display import LiveDisplay
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult
from hivecheck.reports.summary import Line
from hivecheck.reports.text import relative_path, visible


class Progress(Protocol):
    """Receives the progress of a run. Each method may be called from any thread. Each `run_started` needs a `run_finished`.

    `jobs_started` gives the number of jobs and the expected seconds of each scenario by its key. Jobs count from 0.
    """

    def say(self, sentence: str) -> None: ...

    def run_started(self, plan: Sequence[Planned], seed: int, platform: str, target: str, report_dir: Path) -> None: ...

    def jobs_started(self, count: int, seconds: Mapping[str, float]) -> None: ...

    def stack_starting(self, topology: str, job: int = 0) -> None: ...

    def stack_ready(self, topology: str, seconds: float, urls: Mapping[str, str], job: int = 0) -> None: ...

    def scenario_started(self, planned: Planned, job: int = 0) -> None: ...

    def scenario_finished(self, outcome: Outcome, job: int = 0) -> None: ...

    def problem_found(self, problem: RunProblem) -> None: ...

    def job_ended(self, job: int) -> None: ...

    def run_finished(self, result: RunResult, junit_path: Path | None, report_dir: Path) -> None: ...


def progress_for(stream: TextIO, is_ci: bool, is_quiet: bool = False) -> Progress:
    """A live display on a terminal, plain lines everywhere else. `is_quiet` leaves out what passed."""
    is_terminal = stream.isatty() and not is_ci
    return RichProgress(Console(file=stream), is_quiet) if is_terminal else PlainProgress(stream, is_quiet)


class PlainProgress:
    """One line a scenario, never a control character: for logs, pipes and CI."""

    def __init__(self, stream: TextIO, is_quiet: bool = False) -> None:
        self._stream = stream
        self._is_quiet = is_quiet
        self._requirements_width = 0

    def say(self, sentence: str) -> None:
        self.say_lines([Line(text=visible(sentence))])

    def run_started(self, plan: Sequence[Planned], seed: int, platform: str, target: str, report_dir: Path) -> None:
        self._requirements_width = summary.requirements_width(plan)
        self.say_lines(summary.opening(plan, seed, platform, target, relative_path(report_dir, Path.cwd())))

    def jobs_started(self, count: int, seconds: Mapping[str, float]) -> None:
        if count > 1:
            self.say_lines([summary.jobs(count)])

    def stack_starting(self, topology: str, job: int = 0) -> None:
        if not self._is_quiet:
            self.say_lines([summary.stack_starting(topology)])

    def stack_ready(self, topology: str, seconds: float, urls: Mapping[str, str], job: int = 0) -> None:
        if not self._is_quiet:
            self.say_lines(summary.stack_ready(topology, seconds, urls))

    def scenario_started(self, planned: Planned, job: int = 0) -> None:
        """Nothing: a log has one line a scenario."""

    def scenario_finished(self, outcome: Outcome, job: int = 0) -> None:
        if not (self._is_quiet and outcome.status in summary.UNEVENTFUL):
            self.say_lines([summary.finished(outcome, self._requirements_width)])

    def problem_found(self, problem: RunProblem) -> None:
        self.say_lines([summary.problem(problem)])

    def job_ended(self, job: int) -> None:
        """Nothing: a log has one line a scenario."""

    def run_finished(self, result: RunResult, junit_path: Path | None, report_dir: Path) -> None:
        self.say_lines(summary.ending(result, junit_path, report_dir, Path.cwd()))

    def say_lines(self, lines: Iterable[Line]) -> None:
        # One write for all the lines: those of two stacks that run side by side must not mix.
        text = "".join(f"{line.head}{line.text}".rstrip() + "\n" for line in lines)
        self._stream.write(_encodable(text, self._stream.encoding))
        self._stream.flush()


class RichProgress:
    """Finished scenarios scroll above the live lines. `run_finished` restores the cursor."""

    def __init__(self, console: Console, is_quiet: bool = False) -> None:
        self._console = console
        self._is_quiet = is_quiet
        self._display = LiveDisplay(lambda: console.width, lambda text: _encodable(text, console.encoding))
        self._live = Live(self._display, console=console, transient=True, refresh_per_second=4)
        self._requirements_width = 0

    def say(self, sentence: str) -> None:
        self.say_lines([Line(text=visible(sentence))])

    def run_started(self, plan: Sequence[Planned], seed: int, platform: str, target: str, report_dir: Path) -> None:
        self._requirements_width = summary.requirements_width(plan)
        self.say_lines(summary.opening(plan, seed, platform, target, relative_path(report_dir, Path.cwd())))
        self._display.start(len(plan))
        self._live.start()

    def jobs_started(self, count: int, seconds: Mapping[str, float]) -> None:
        if count > 1:
            self.say_lines([summary.jobs(count)])
        self._display.expect(count, seconds)

    def stack_starting(self, topology: str, job: int = 0) -> None:
        self._display.doing(job, f"starting the stack {topology}")

    def stack_ready(self, topology: str, seconds: float, urls: Mapping[str, str], job: int = 0) -> None:
        if not self._is_quiet:
            self.say_lines(summary.stack_ready(topology, seconds, urls))

    def scenario_started(self, planned: Planned, job: int = 0) -> None:
        self._display.started(job, planned)
        self._live.refresh()

    def scenario_finished(self, outcome: Outcome, job: int = 0) -> None:
        self._display.finished(outcome)
        if not (self._is_quiet and outcome.status in summary.UNEVENTFUL):
            self.say_lines([summary.finished(outcome, self._requirements_width)])

    def problem_found(self, problem: RunProblem) -> None:
        self.say_lines([summary.problem(problem)])

    def job_ended(self, job: int) -> None:
        self._display.ended(job)

    def run_finished(self, result: RunResult, junit_path: Path | None, report_dir: Path) -> None:
        self._live.stop()
        self.say_lines(summary.ending(result, junit_path, report_dir, Path.cwd()))

    def say_lines(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self._console.print(_rich(line, self._console.encoding), soft_wrap=True)


class Output:
    """The lines of a command: with colours and live lines on a terminal, plain everywhere else. Close it."""

    def __init__(self, stream: TextIO, is_ci: bool) -> None:
        self._stream = stream
        self._console = Console(file=stream) if stream.isatty() and not is_ci else None
        self._live: Live | None = None

    @property
    def is_live(self) -> bool:
        """Whether `show` replaces the lines that it showed before."""
        return self._console is not None

    def say(self, lines: Iterable[Line]) -> None:
        """Print lines above the live ones."""
        if self._console is None:
            PlainProgress(self._stream).say_lines(lines)
        else:
            RichProgress(self._console).say_lines(part for line in lines for part in _wrapped(line, self._console.width))

    def show(self, *lines: Line) -> None:
        """Replace the live lines. Without a terminal they are one line like the others."""
        if self._console is None:
            self.say([Line(text="".join(f"{line.head}{line.text}" for line in lines))])
            return
        if self._live is None:
            # Drawn by this call alone: a thread that draws would take time from the requests of the same process.
            self._live = Live(console=self._console, transient=True, auto_refresh=False)
            self._live.start()
        texts = [_rich(line, self._console.encoding) for line in lines]
        for text in texts:
            text.no_wrap = True
            text.truncate(max(1, self._console.width - 1))
        self._live.update(Group(*texts), refresh=True)

    def close(self) -> None:
        """Remove the live lines and restore the cursor."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _wrapped(line: Line, width: int) -> Iterator[Line]:
    """The line in parts of this width, cut between words. A long path stays whole, so that it can be copied."""
    whole = line.head + line.text
    parts = textwrap.wrap(whole, width, subsequent_indent="  ", replace_whitespace=False, break_long_words=False, break_on_hyphens=False)
    first = parts[0] if parts else ""
    yield Line(first[: len(line.head)], first[len(line.head) :], line.style)
    yield from (Line(text=part) for part in parts[1:])


def _rich(line: Line, encoding: str | None) -> Text:
    return Text.assemble((_encodable(line.head, encoding), line.style), _encodable(line.text, encoding))


def _encodable(text: str, encoding: str | None) -> str:
    """The text with escapes for what the stream cannot encode: a quotation mark must not break a run in a C locale."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)
