"""Prints the progress of a run: plain lines for a CI, a live status line for a terminal. The lines come from summary.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console
from rich.status import Status as LiveStatus
from rich.text import Text

from hivecheck.reports import summary
from hivecheck.reports.result import Outcome, Planned, RunResult, Status
from hivecheck.reports.summary import Line
from hivecheck.reports.text import one_line, relative_path, visible


class Progress(Protocol):
    """Receives the progress of a run. Each method may be called from any thread. Each `run_started` needs a `run_finished`."""

    def say(self, sentence: str) -> None: ...

    def run_started(self, plan: Sequence[Planned], seed: int, platform: str, target: str, report_dir: Path) -> None: ...

    def stack_starting(self, topology: str) -> None: ...

    def stack_ready(self, topology: str, seconds: float, urls: Mapping[str, str]) -> None: ...

    def scenario_started(self, planned: Planned) -> None: ...

    def scenario_finished(self, outcome: Outcome) -> None: ...

    def run_finished(self, result: RunResult, junit_path: Path | None, report_dir: Path) -> None: ...


def progress_for(stream: TextIO, is_ci: bool) -> Progress:
    """A live display on a terminal, plain lines everywhere else."""
    return RichProgress(Console(file=stream)) if stream.isatty() and not is_ci else PlainProgress(stream)


class PlainProgress:
    """One line a scenario, never a control character: for logs, pipes and CI."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._requirements_width = 0

    def say(self, sentence: str) -> None:
        self._say([Line(text=visible(sentence))])

    def run_started(self, plan: Sequence[Planned], seed: int, platform: str, target: str, report_dir: Path) -> None:
        self._requirements_width = summary.requirements_width(plan)
        self._say(summary.opening(plan, seed, platform, target, relative_path(report_dir, Path.cwd())))

    def stack_starting(self, topology: str) -> None:
        self._say([summary.stack_starting(topology)])

    def stack_ready(self, topology: str, seconds: float, urls: Mapping[str, str]) -> None:
        self._say(summary.stack_ready(topology, seconds, urls))

    def scenario_started(self, planned: Planned) -> None:
        """Nothing: a log has one line a scenario."""

    def scenario_finished(self, outcome: Outcome) -> None:
        self._say([summary.finished(outcome, self._requirements_width)])

    def run_finished(self, result: RunResult, junit_path: Path | None, report_dir: Path) -> None:
        self._say(summary.ending(result, junit_path, report_dir, Path.cwd()))

    def _say(self, lines: Iterable[Line]) -> None:
        # One write for all the lines: those of two stacks that run side by side must not mix.
        text = "".join(f"{line.head}{line.text}".rstrip() + "\n" for line in lines)
        self._stream.write(_encodable(text, self._stream.encoding))
        self._stream.flush()


class RichProgress:
    """Finished scenarios scroll above one live line that shows the current one. `run_finished` restores the cursor."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # The spinner named "line" is ASCII, which every terminal and locale can show.
        self._live = LiveStatus("", console=console, spinner="line")
        self._requirements_width = 0
        self._planned_count = 0
        self._counts: Counter[Status] = Counter()
        self._doing = ""

    def say(self, sentence: str) -> None:
        self._say([Line(text=visible(sentence))])

    def run_started(self, plan: Sequence[Planned], seed: int, platform: str, target: str, report_dir: Path) -> None:
        self._planned_count, self._requirements_width = len(plan), summary.requirements_width(plan)
        self._say(summary.opening(plan, seed, platform, target, relative_path(report_dir, Path.cwd())))
        self._live.start()
        self._show("starting")

    def stack_starting(self, topology: str) -> None:
        self._show(f"starting the stack {one_line(topology)}")

    def stack_ready(self, topology: str, seconds: float, urls: Mapping[str, str]) -> None:
        self._say(summary.stack_ready(topology, seconds, urls))

    def scenario_started(self, planned: Planned) -> None:
        self._show(one_line(planned.name))

    def scenario_finished(self, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        self._say([summary.finished(outcome, self._requirements_width)])
        self._show(self._doing)

    def run_finished(self, result: RunResult, junit_path: Path | None, report_dir: Path) -> None:
        self._live.stop()
        self._say(summary.ending(result, junit_path, report_dir, Path.cwd()))

    def _show(self, doing: str) -> None:
        self._doing = doing
        counts = ", ".join(f"{self._counts[status]} {status}" for status in Status if self._counts[status])
        text = f"{self._counts.total()}/{self._planned_count}  {counts + '  ' if counts else ''}{doing}"
        line = Text(_encodable(text, self._console.encoding))
        # The spinner needs room: a live line that wraps leaves its first half on the screen.
        line.truncate(max(1, self._console.width - 4))
        self._live.update(line)

    def _say(self, lines: Iterable[Line]) -> None:
        for line in lines:
            parts = (_encodable(line.head, self._console.encoding), line.style), _encodable(line.text, self._console.encoding)
            self._console.print(Text.assemble(*parts), soft_wrap=True)


def _encodable(text: str, encoding: str | None) -> str:
    """The text with escapes for what the stream cannot encode: a quotation mark must not break a run in a C locale."""
    name = encoding or "utf-8"
    return text.encode(name, "backslashreplace").decode(name)
