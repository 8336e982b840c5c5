"""How a run is shown while it goes on: plain lines in a log, a live line in a terminal, the same words in both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import TextIO

import pytest
from rich.console import Console
from rich.text import Text

from hivecheck.errors import Reason
from hivecheck.reports.console import PlainProgress, Progress, RichProgress, progress_for
from hivecheck.reports.live_display import LiveDisplay
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult, Status

ORPHAN = RunProblem("a worker was left behind", "pid 1")
REPORT = Path(".run/r1")


def planned(
    line: int, name: str = "A chat is answered", file: str = "features/chat/chat.feature", requirement: str = "FULL-001"
) -> Planned:
    return Planned(f"{file}:{line}", "Chat", name, file, line, (requirement,))


PASSED = Outcome(planned(1), Status.PASSED, 1.234)
FAILED = Outcome(
    planned(2, "A stream ends"), Status.FAILED, 2.5, "Then it ends", "no end", "actual: 1\n  expected: 2", Path.cwd() / ".run/e2"
)
LACKING = Outcome(planned(4, "A hive is cut off"), Status.NOT_SUPPORTED, message="process cannot partition")


def run(
    *outcomes: Outcome, problems: tuple[RunProblem, ...] = (), interrupted_by: str | None = None, crash: str | None = None
) -> RunResult:
    return RunResult("r1", 7, "docker", "reference", outcomes, problems, interrupted_by, crash, seconds=41.23)


def play(progress: Progress, result: RunResult) -> None:
    """All that a runner tells, in its order."""
    progress.run_started([outcome.planned for outcome in result.outcomes], 7, "docker", "reference", REPORT)
    progress.stack_starting("default")
    progress.stack_ready("default", 3.21, {"registry": "http://127.0.0.1:1"})
    for outcome in result.outcomes:
        progress.scenario_started(outcome.planned)
        progress.scenario_finished(outcome)
    progress.run_finished(result, REPORT / "junit.xml", REPORT)


@contextmanager
def terminal() -> Iterator[TextIO]:
    ours, theirs = os.openpty()
    with open(ours), open(theirs, "w") as stream:
        yield stream


def test_plain_lines() -> None:
    """A log has one plain line for each scenario."""
    stream = StringIO()
    play(PlainProgress(stream), run(PASSED, FAILED, LACKING))
    assert stream.getvalue().splitlines()[:7] == [
        "hivecheck  3 scenarios  platform docker  target reference  seed 7  report .run/r1",
        "stack  default is starting",
        "stack  default is ready after 3.2 s",
        "  registry  http://127.0.0.1:1",
        "passed             1.23s  FULL-001  A chat is answered  features/chat/chat.feature:1",
        "failed             2.50s  FULL-001  A stream ends  features/chat/chat.feature:2",
        "not supported             FULL-001  A hive is cut off  features/chat/chat.feature:4",
    ]


def test_opening_counts_unsupported() -> None:
    """The opening counts the unsupported scenarios."""
    stream = StringIO()
    missing_capabilities = replace(planned(4), unsupported_reason="process cannot partition")
    PlainProgress(stream).run_started([planned(1), missing_capabilities], 7, "process", "reference", Path.cwd() / ".run")
    assert stream.getvalue().startswith("hivecheck  2 scenarios (1 not supported here)  platform process")


def test_no_control_characters() -> None:
    """A log has no control character, even if a service sends some."""
    stream = StringIO()
    evil = replace(FAILED, planned=planned(2, "\x1b[2J\rname"), message="\x1b[31m", detail="\x00\x9b\ud800\u202e", step="\x07")
    play(PlainProgress(stream), run(evil, problems=(RunProblem("\x1b", "\x1b", Reason.LEAK),), crash="\x1b"))
    assert all(char.isprintable() or char == "\n" for char in stream.getvalue())


def test_ascii_stream() -> None:
    """A stream in ASCII shows other characters in escaped form."""
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii")
    play(PlainProgress(stream), run(replace(PASSED, planned=planned(1, "A — 漢"))))
    assert rb"A \u2014 \u6f22" in raw.getvalue()


def test_ascii_terminal() -> None:
    """A terminal in ASCII shows other characters in escaped form."""
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii", write_through=True)
    play(RichProgress(Console(file=stream, force_terminal=True, width=80)), run(replace(PASSED, planned=planned(1, "A — 漢" * 40))))
    assert rb"A \u2014 \u6f22" in raw.getvalue()


def test_terminal_equals_log() -> None:
    """A terminal shows the same lines as a log."""
    result = run(PASSED, replace(FAILED, message="long " * 60, detail="[bold]no markup[/bold] :bee:"), LACKING, problems=(ORPHAN,))
    plain, rich = StringIO(), StringIO()
    play(PlainProgress(plain), result)
    play(RichProgress(Console(file=rich, width=80, force_terminal=False)), result)
    assert [line for line in plain.getvalue().splitlines() if "is starting" not in line] == [
        line.rstrip() for line in rich.getvalue().splitlines()
    ]


def test_live_line() -> None:
    """A terminal shows the progress and the running scenario."""
    stream = StringIO()
    play(RichProgress(Console(file=stream, force_terminal=True, width=80, color_system=None)), run(PASSED, FAILED))
    assert "##########..........  1/2  1 passed" in stream.getvalue()
    assert "A stream ends [default]" in stream.getvalue()


def test_live_lines_of_jobs() -> None:
    """A terminal shows one line for each job, and the time that remains at the speed so far."""
    now = [0.0]
    display = LiveDisplay(lambda: 60, str, lambda: now[0])
    display.start(3)
    display.expect(2, {planned(1).key: 10.0, planned(2).key: 30.0, planned(4).key: 30.0})
    display.started(0, planned(1, "Quick"))
    display.started(1, planned(2, "Slow"))
    now[0] = 5.0
    display.finished(Outcome(planned(1), Status.PASSED, 5.0))
    display.ended(0)
    lines = Text("\n").join(display.__rich__().renderables).plain.splitlines()  # type: ignore[arg-type]
    assert lines == ["######..............  1/3  1 passed  about 0:30 left", "2    5.0s  Slow [default]"]


def test_quiet_run() -> None:
    """A quiet run has no line for what passed, and every line for what did not."""
    loud, quiet = StringIO(), StringIO()
    play(PlainProgress(loud), run(PASSED, FAILED))
    play(PlainProgress(quiet, is_quiet=True), run(PASSED, FAILED))
    left_out = [line for line in loud.getvalue().splitlines() if line not in quiet.getvalue().splitlines()]
    assert [line.split()[0] for line in left_out] == ["stack", "stack", "registry", "passed"]


def test_problem_at_once() -> None:
    """A problem of the run is a line as soon as it is found."""
    stream = StringIO()
    PlainProgress(stream).problem_found(ORPHAN)
    assert stream.getvalue().startswith("problem  ")


def test_live_line_width() -> None:
    """The live line is never wider than the terminal."""
    stream = StringIO()
    progress = RichProgress(Console(file=stream, force_terminal=True, width=40, color_system=None))
    progress.run_started([planned(1)], 7, "docker", "reference", REPORT)
    progress.scenario_started(planned(1, "蜂" * 60))
    progress.run_finished(run(), None, REPORT)
    assert stream.getvalue().count("蜂") > 0 and "蜂" * 17 not in stream.getvalue()


def test_cursor() -> None:
    """The cursor is visible again after the run."""
    stream = StringIO()
    play(RichProgress(Console(file=stream, force_terminal=True, width=80)), run(PASSED))
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l") > 0


def test_end_without_start() -> None:
    """The end of a run without a start is printed too."""
    stream = StringIO()
    RichProgress(Console(file=stream, force_terminal=True, width=80, color_system=None)).run_finished(run(crash="KeyError"), None, REPORT)
    assert "HARNESS CRASHED" in stream.getvalue().splitlines()[-1]


@pytest.mark.parametrize(("is_ci", "kind"), [(False, RichProgress), (True, PlainProgress)])
def test_terminal_display(is_ci: bool, kind: type) -> None:
    """A terminal has the live display, except in a CI."""
    with terminal() as stream:
        assert type(progress_for(stream, is_ci)) is kind


def test_pipe_display() -> None:
    """A pipe has plain lines."""
    assert type(progress_for(StringIO(), is_ci=False)) is PlainProgress
