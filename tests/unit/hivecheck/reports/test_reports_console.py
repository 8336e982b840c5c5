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

from hivecheck.errors import Reason
from hivecheck.reports.console import PlainProgress, Progress, RichProgress, progress_for
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


def test_a_log_has_one_plain_line_for_each_scenario() -> None:
    stream = StringIO()
    play(PlainProgress(stream), run(PASSED, FAILED, LACKING))
    assert stream.getvalue().splitlines()[:7] == [
        "hivecheck  3 scenarios  platform docker  target reference  seed 7  report .run/r1",
        "stack  default is starting",
        "stack  default is ready after 3.2 s",
        "  registry  http://127.0.0.1:1",
        "passed           1.23s  FULL-001  A chat is answered  features/chat/chat.feature:1",
        "failed           2.50s  FULL-001  A stream ends  features/chat/chat.feature:2",
        "not supported           FULL-001  A hive is cut off  features/chat/chat.feature:4",
    ]


def test_the_opening_counts_what_is_not_supported_here() -> None:
    stream = StringIO()
    missing_capabilities = replace(planned(4), unsupported_reason="process cannot partition")
    PlainProgress(stream).run_started([planned(1), missing_capabilities], 7, "process", "reference", Path.cwd() / ".run")
    assert stream.getvalue().startswith("hivecheck  2 scenarios (1 not supported here)  platform process")


def test_a_log_holds_no_control_character_whatever_a_service_said() -> None:
    stream = StringIO()
    evil = replace(FAILED, planned=planned(2, "\x1b[2J\rname"), message="\x1b[31m", detail="\x00\x9b\ud800\u202e", step="\x07")
    play(PlainProgress(stream), run(evil, problems=(RunProblem("\x1b", "\x1b", Reason.LEAK),), crash="\x1b"))
    assert all(char.isprintable() or char == "\n" for char in stream.getvalue())


def test_a_stream_that_speaks_ascii_only_gets_the_rest_written_out() -> None:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii")
    play(PlainProgress(stream), run(replace(PASSED, planned=planned(1, "A — 漢"))))
    assert rb"A \u2014 \u6f22" in raw.getvalue()


def test_a_terminal_that_speaks_ascii_only_gets_the_rest_written_out() -> None:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii", write_through=True)
    play(RichProgress(Console(file=stream, force_terminal=True, width=80)), run(replace(PASSED, planned=planned(1, "A — 漢" * 40))))
    assert rb"A \u2014 \u6f22" in raw.getvalue()


def test_a_terminal_shows_the_same_lines_as_a_log() -> None:
    result = run(PASSED, replace(FAILED, message="long " * 60, detail="[bold]no markup[/bold] :bee:"), LACKING, problems=(ORPHAN,))
    plain, rich = StringIO(), StringIO()
    play(PlainProgress(plain), result)
    play(RichProgress(Console(file=rich, width=80, force_terminal=False)), result)
    assert [line for line in plain.getvalue().splitlines() if "is starting" not in line] == [
        line.rstrip() for line in rich.getvalue().splitlines()
    ]


def test_a_terminal_shows_how_far_the_run_is_and_what_runs_now() -> None:
    stream = StringIO()
    play(RichProgress(Console(file=stream, force_terminal=True, width=80)), run(PASSED, FAILED))
    assert "1/2  1 passed  A stream ends" in stream.getvalue()


def test_the_live_line_is_never_wider_than_the_terminal() -> None:
    stream = StringIO()
    progress = RichProgress(Console(file=stream, force_terminal=True, width=40, color_system=None))
    progress.run_started([planned(1)], 7, "docker", "reference", REPORT)
    progress.scenario_started(planned(1, "蜂" * 60))
    progress.run_finished(run(), None, REPORT)
    assert stream.getvalue().count("蜂") > 0 and "蜂" * 17 not in stream.getvalue()


def test_the_cursor_comes_back_when_the_run_is_over() -> None:
    stream = StringIO()
    play(RichProgress(Console(file=stream, force_terminal=True, width=80)), run(PASSED))
    assert stream.getvalue().rfind("\x1b[?25h") > stream.getvalue().rfind("\x1b[?25l") > 0


def test_a_run_that_ends_before_it_started_is_still_told() -> None:
    stream = StringIO()
    RichProgress(Console(file=stream, force_terminal=True, width=80, color_system=None)).run_finished(run(crash="KeyError"), None, REPORT)
    assert "HARNESS CRASHED" in stream.getvalue().splitlines()[-1]


@pytest.mark.parametrize(("is_ci", "kind"), [(False, RichProgress), (True, PlainProgress)])
def test_a_terminal_gets_the_live_display_unless_it_is_a_ci(is_ci: bool, kind: type) -> None:
    with terminal() as stream:
        assert type(progress_for(stream, is_ci)) is kind


def test_a_pipe_gets_plain_lines() -> None:
    assert type(progress_for(StringIO(), is_ci=False)) is PlainProgress
