"""The text of a result: the reproduce command, the block of a scenario, and text that is safe to print."""

from __future__ import annotations

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


def test_the_command_names_the_scenario_the_platform_and_the_seed() -> None:
    command = "./run-integration-tests.sh features/chat.feature:1 --platform docker --seed 7"
    assert reproduce_command(run(), outcome().planned) == command


def test_the_command_of_a_scenario_that_drew_its_faults_replays_them() -> None:
    drawn = replace(run(), plan_files={outcome().planned.key: "reports/r1/plan.json"})
    assert reproduce_command(drawn, outcome().planned).endswith("--platform docker --seed 7 --fault-plan reports/r1/plan.json")


@pytest.mark.parametrize("message", ["", "   ", "\n\t"])
def test_the_message_of_an_outcome_is_never_empty(message: str) -> None:
    assert message_of(outcome(Status.FAILED, message=message)) == "failed without a message"


def test_the_message_of_an_unsupported_scenario_is_the_reason_of_the_plan() -> None:
    planned = replace(outcome().planned, unsupported_reason="process cannot partition")
    assert message_of(Outcome(planned, Status.NOT_SUPPORTED)) == "process cannot partition"


def test_a_story_tells_the_step_the_detail_the_evidence_and_the_command() -> None:
    told = replace(
        outcome(Status.FAILED, message="no answer", detail="actual: 503\nexpected: 200", step="Then it answers"),
        evidence=HOME / ".run/chat",
    )
    assert story(run(), told, HOME) == [
        "step: Then it answers",
        "  no answer",
        "  actual: 503",
        "  expected: 200",
        "evidence: .run/chat",
        "next: ./run-integration-tests.sh features/chat.feature:1 --platform docker --seed 7",
    ]


def test_a_story_tells_that_the_machine_let_the_harness_wait_and_is_silent_where_it_did_not() -> None:
    told = outcome(Status.FAILED, message="no answer")
    assert not any(line.startswith("machine:") for line in story(run(), told, HOME))
    assert any(line.startswith("machine: ") and "1.40 s" in line for line in story(run(), replace(told, stall_seconds=1.4), HOME))


def test_story_has_reason() -> None:
    """A block states the reason code and the page that describes it."""
    assert "reason: no_effect (docs/verdicts.md)" in story(run(), replace(outcome(Status.INCONCLUSIVE), reason=Reason.NO_EFFECT), HOME)


def test_story_keeps_next_of_the_message() -> None:
    """If the message says what to do next, the command is the line below it."""
    lines = story(run(), outcome(Status.FAILED, message="no answer", detail="actual: 503\nnext: start it"), HOME)
    assert lines[-2:] == ["  next: start it", "reproduce: ./run-integration-tests.sh features/chat.feature:1 --platform docker --seed 7"]


def test_a_story_does_not_repeat_a_message_that_opens_the_detail() -> None:
    assert story(run(), outcome(Status.FAILED, message="no answer", detail="no answer\nactual: 503"), HOME)[:-1] == [
        "  no answer",
        "  actual: 503",
    ]


def test_a_story_keeps_each_line_of_a_message_of_many_lines() -> None:
    assert story(run(), outcome(Status.FAILED, message="got\n  503"), HOME)[:-1] == ["  got", "    503"]


@pytest.mark.parametrize(
    ("text", "shown"),
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
def test_what_a_terminal_would_obey_or_xml_forbids_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_white_space_of_any_kind_is_one_space_on_one_line() -> None:
    assert one_line(" a\n\t b\u2028c ") == "a b c"


def test_the_last_line_of_a_traceback_says_what_happened() -> None:
    assert last_line("Traceback\n  in x\nKeyError: 'a'\n") == "KeyError: 'a'"


@pytest.mark.parametrize(("path", "shown"), [("/home/me/a/b", "a/b"), ("/var/b", "/var/b"), ("a/b", "a/b"), ("/home/me", ".")])
def test_a_path_is_shown_as_a_person_would_type_it(path: str, shown: str) -> None:
    assert relative_path(Path(path), HOME) == shown
