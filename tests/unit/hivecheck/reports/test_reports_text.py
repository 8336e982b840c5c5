"""The text of a result: the reproduce command, the block of a scenario, and text that is safe to print."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import replace
from pathlib import Path

import pytest

from hivecheck.errors import Reason
from hivecheck.reports.result import Outcome, Planned, RunResult, Status
from hivecheck.reports.text import last_line, message_of, one_line, relative_path, reproduce_command, story, visible

HOME = Path("/home/me")


def outcome(status: Status = Status.PASSED, line: int = 1, message: str = "", detail: str = "", step: str = "") -> Outcome:
    planned = Planned(f"features/chat.feature:{line}", "Chat", f"scenario {line}", "features/chat.feature", line)
    return Outcome(planned, status, message=message, detail=detail, step=step)


def run() -> RunResult:
    return RunResult("r1", 7, "docker", "reference", ())


def test_command() -> None:
    """The command names scenario, platform and seed."""
    command = "./run-integration-tests.sh features/chat.feature:1 --platform docker --seed 7"
    assert reproduce_command(run(), outcome().planned) == command


def test_command_of_user_repository(tmp_path: Path) -> None:
    """Where there is no start script, the command is that of the installed package."""
    with chdir(tmp_path):
        assert reproduce_command(run(), outcome().planned) == "hivecheck run features/chat.feature:1 --platform docker --seed 7"


def test_command_with_plan() -> None:
    """The command of a scenario with random faults repeats its fault plan."""
    drawn = replace(run(), plan_files={outcome().planned.key: "reports/r1/plan.json"})
    assert reproduce_command(drawn, outcome().planned).endswith("--platform docker --seed 7 --fault-plan reports/r1/plan.json")


@pytest.mark.parametrize("message", ["", "   ", "\n\t"])
def test_message_never_empty(message: str) -> None:
    """The message of an outcome is never empty."""
    assert message_of(outcome(Status.FAILED, message=message)) == "failed without a message"


def test_message_of_unsupported() -> None:
    """The message of an unsupported scenario is the reason of the plan."""
    planned = replace(outcome().planned, unsupported_reason="process cannot partition")
    assert message_of(Outcome(planned, Status.NOT_SUPPORTED)) == "process cannot partition"


def test_story() -> None:
    """A block has step, detail, evidence and command."""
    failed = replace(
        outcome(Status.FAILED, message="no answer", detail="actual: 503\nexpected: 200", step="Then it answers"),
        evidence=HOME / ".run/chat",
    )
    assert story(run(), failed, HOME) == [
        "step: Then it answers",
        "  no answer",
        "  actual: 503",
        "  expected: 200",
        "evidence: .run/chat",
        "reproduce: ./run-integration-tests.sh features/chat.feature:1 --platform docker --seed 7",
    ]


def test_story_with_stall() -> None:
    """A block states a stall of the harness, if there was one."""
    failed = outcome(Status.FAILED, message="no answer")
    assert not any(line.startswith("machine:") for line in story(run(), failed, HOME))
    assert any(line.startswith("machine: ") and "1.40 s" in line for line in story(run(), replace(failed, stall_seconds=1.4), HOME))


def test_story_has_reason() -> None:
    """A block states the reason code and the page that describes it."""
    assert "reason: no_effect (docs/verdicts.md)" in story(run(), replace(outcome(Status.INCONCLUSIVE), reason=Reason.NO_EFFECT), HOME)


def test_story_keeps_next_of_the_message() -> None:
    """If the message says what to do next, the command is the line below it."""
    lines = story(run(), outcome(Status.FAILED, message="no answer", detail="actual: 503\nnext: start it"), HOME)
    assert lines[-2:] == ["  next: start it", "reproduce: ./run-integration-tests.sh features/chat.feature:1 --platform docker --seed 7"]


def test_story_without_repetition() -> None:
    """A block does not repeat a message that opens the detail."""
    assert story(run(), outcome(Status.FAILED, message="no answer", detail="no answer\nactual: 503"), HOME)[:-1] == [
        "  no answer",
        "  actual: 503",
    ]


def test_story_of_many_lines() -> None:
    """A block keeps each line of a message."""
    assert story(run(), outcome(Status.FAILED, message="got\n  503"), HOME)[:-1] == ["  got", "    503"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\x00b", r"a\x00b"),
        ("a\r\nb\rc", "a\nb\\rc"),
        ("\udc80", r"\udc80"),
        ("\ufffe\uffff", r"\ufffe\uffff"),
        ("\u202egnp", r"\u202egnp"),
        ("\x9b2J", r"\x9b2J"),
        ("tab\tline\nÄ 漢 🐝", "tab\tline\nÄ 漢 🐝"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    """Characters that a terminal obeys or XML forbids are escaped."""
    assert visible(text) == expected


def test_one_line() -> None:
    """Any run of white space becomes one space."""
    assert one_line(" a\n\t b\u2028c ") == "a b c"


def test_last_line_of_traceback() -> None:
    """The last line of a traceback names the error."""
    assert last_line("Traceback\n  in x\nKeyError: 'a'\n") == "KeyError: 'a'"


@pytest.mark.parametrize(("path", "expected"), [("/home/me/a/b", "a/b"), ("/var/b", "/var/b"), ("a/b", "a/b"), ("/home/me", ".")])
def test_relative_path(path: str, expected: str) -> None:
    """A path is shown as a person types it."""
    assert relative_path(Path(path), HOME) == expected
