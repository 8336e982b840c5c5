"""What the summary says at the end of a run: read from the bottom, the verdict, where to look, the counts, the failures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.errors import Reason
from hivecheck.reports import summary
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult, Status, exit_code

ORPHAN = RunProblem("a worker was left behind", "pid 1")
LEAK = RunProblem("a network was left behind", "hc-1", Reason.LEAK)
REPORT = Path(".run/r1")


def planned(
    line: int, name: str = "A chat is answered", file: str = "features/chat/chat.feature", requirement: str = "FULL-001"
) -> Planned:
    return Planned(f"{file}:{line}", "Chat", name, file, line, (requirement,))


PASSED = Outcome(planned(1), Status.PASSED, 1.234)
FAILED = Outcome(
    planned(2, "A stream ends"), Status.FAILED, 2.5, "Then it ends", "no end", "actual: 1\n  expected: 2", Path.cwd() / ".run/e2"
)
UNSURE = Outcome(planned(3, "A worker dies"), Status.INCONCLUSIVE, 3.0, "When it dies", "the fault had no effect", reason=Reason.NO_EFFECT)
LACKING = Outcome(planned(4, "A hive is cut off"), Status.NOT_SUPPORTED, message="process cannot partition")
BLOCKED = Outcome(
    planned(5, "A hive joins"), Status.BLOCKED, message="the stack did not come up", evidence=Path("/var/e5"), reason=Reason.SETUP_FAILED
)
NOT_RUN = Outcome(planned(6, "A session sticks"), Status.NOT_RUN, message="the run ended before its turn", reason=Reason.INTERRUPTED)


def run(
    *outcomes: Outcome, problems: tuple[RunProblem, ...] = (), interrupted_by: str | None = None, crash: str | None = None
) -> RunResult:
    return RunResult("r1", 7, "docker", "reference", outcomes, problems, interrupted_by, crash, seconds=41.23)


def ending(result: RunResult, junit_path: Path | None = REPORT / "junit.xml") -> list[str]:
    return [line.head + line.text for line in summary.ending(result, junit_path, REPORT, Path.cwd())]


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (run(PASSED), "PASSED  1 passed, 0 failed, 0 inconclusive, 0 not supported in 41.2 s (exit 0)"),
        (run(PASSED, FAILED, UNSURE), "FAILED  1 failed, 1 inconclusive (no_effect); 1 passed, 0 not supported in 41.2 s (exit 1)"),
        (run(), "NO VERDICT  no scenario was selected in 41.2 s (exit 2)"),
        (
            run(PASSED, NOT_RUN, interrupted_by="SIGINT"),
            "NO VERDICT  interrupted by SIGINT, 1 not run (interrupted); "
            "1 passed, 0 failed, 0 inconclusive, 0 not supported in 41.2 s (exit 2)",
        ),
        (run(LACKING), "NO VERDICT  no scenario passed; 0 passed, 0 failed, 0 inconclusive, 1 not supported in 41.2 s (exit 2)"),
        (
            run(PASSED, crash="Traceback\nKeyError: 'a'"),
            "HARNESS CRASHED  the harness crashed: KeyError: 'a'; 1 passed, 0 failed, 0 inconclusive, 0 not supported in 41.2 s (exit 3)",
        ),
    ],
)
def test_last_line(result: RunResult, line: str) -> None:
    """The last line is the verdict with its causes."""
    assert ending(result)[-1] == line


def test_refusal() -> None:
    """A refusal states its facts once, indented, and the verdict has its reason code."""
    refusal = RunProblem("the run did not start", "a.feature:5\nexpected: a known tag\nactual: @chaoss", Reason.USAGE_ERROR)
    lines = ending(run(problems=(refusal,)))
    start = lines.index("REFUSED  the run did not start")
    assert lines[start + 1 : start + 4] == ["  a.feature:5", "  expected: a known tag", "  actual: @chaoss"]
    assert lines[-1] == "NO VERDICT  the run did not start (usage_error) in 41.2 s (exit 2)"
    assert "\n".join(lines).count("@chaoss") == 1


def test_long_run() -> None:
    """The time of a long run is in minutes."""
    assert ending(replace(run(PASSED), seconds=3723.4))[-1].endswith("in 62 min 3 s (exit 0)")


def test_seed_and_reports() -> None:
    """Seed and reports are above the verdict."""
    assert ending(run(PASSED))[-4:-1] == ["seed 7 (repeat with --seed 7)", "JUnit .run/r1/junit.xml", "report .run/r1"]


def test_no_junit() -> None:
    """A missing JUnit report is stated."""
    assert "JUnit report: not written, the error is above" in ending(run(PASSED), junit_path=None)


def test_block_of_failure() -> None:
    """The block of a failure is complete and ends with its command."""
    lines = ending(run(FAILED))
    start = lines.index("FAILED  FULL-001  A stream ends  features/chat/chat.feature:2")
    assert lines[start + 1 : start + 8] == [
        "  step: Then it ends",
        "    no end",
        "    actual: 1",
        "      expected: 2",
        "  evidence: .run/e2",
        "  reproduce: ./run-integration-tests.sh features/chat/chat.feature:2 --platform docker --seed 7",
        "",
    ]


def test_long_message() -> None:
    """A long message is not cut."""
    message = "word " * 200 + "end"
    assert f"    {message}" in ending(run(replace(FAILED, message=message)))


def test_worst_last() -> None:
    """The worst block comes last."""
    lines = ending(run(FAILED, UNSURE, LACKING, BLOCKED, NOT_RUN, problems=(ORPHAN, LEAK), crash="KeyError"))
    heads = ("not supported  ", "NOT RUN", "BLOCKED", "INCONCLUSIVE", "FAILED  FULL", "HARNESS  ", "ORPHAN", "HARNESS CRASHED  this")
    assert [line for line in lines if line.startswith(heads)] == [next(line for line in lines if line.startswith(head)) for head in heads]


def test_shared_block() -> None:
    """A failed set-up has one block for all scenarios that it blocked."""
    lines = ending(run(FAILED, BLOCKED, replace(BLOCKED, planned=planned(7, "A worker joins"))))
    start = lines.index("BLOCKED  2 scenarios for one reason, details of the first")
    assert lines[start + 1 : start + 6] == [
        "  FULL-001  A hive joins  features/chat/chat.feature:5",
        "  FULL-001  A worker joins  features/chat/chat.feature:7",
        "    the stack did not come up",
        "  reason: setup_failed (docs/verdicts.md)",
        "  evidence: /var/e5",
    ]


def test_two_blocks() -> None:
    """Two set-ups with different errors have two blocks."""
    missing = replace(BLOCKED, planned=planned(7), message="the image is missing")
    lines = ending(run(BLOCKED, missing, replace(BLOCKED, planned=planned(9))))
    assert sum(line.startswith("BLOCKED") for line in lines) == 2


def test_unsupported_list() -> None:
    """Unsupported scenarios are listed below their reason."""
    lines = ending(run(PASSED, LACKING, replace(LACKING, planned=planned(9, "A link is slow"))))
    assert lines[1:4] == [
        "not supported  process cannot partition",
        "  FULL-001  A hive is cut off  features/chat/chat.feature:4",
        "  FULL-001  A link is slow  features/chat/chat.feature:9",
    ]


def test_details_of_problems() -> None:
    """The details of a problem and of a crash are printed."""
    lines = ending(run(PASSED, problems=(ORPHAN,), crash="Traceback\n  in x\nKeyError: 'a'"))
    assert {"ORPHAN  a worker was left behind", "  pid 1", "  Traceback", "    in x", "  KeyError: 'a'"} <= set(lines)


def test_counts_by_folder() -> None:
    """The table counts by folder, with the statuses that occurred."""
    lines = ending(run(PASSED, FAILED, replace(PASSED, planned=planned(1, file="features/load/load.feature"))))
    assert lines[-10:-5] == [
        "",
        "               passed  failed",
        "features/chat       1       1",
        "features/load       1       -",
        "all                 2       1",
    ]


any_text = st.text(st.characters(exclude_categories=()), max_size=8)
outcomes = st.builds(
    Outcome,
    st.builds(Planned, any_text, any_text, any_text, any_text, st.integers(0, 99), st.tuples(any_text), any_text),
    st.sampled_from(Status),
    st.floats(0, 1e6),
    any_text,
    any_text,
    any_text,
    st.none() | any_text.map(Path),
)


@settings(deadline=None)
@given(st.lists(outcomes, max_size=4))
def test_any_text_in_summary(outcomes: list[Outcome]) -> None:
    """Any text in any place ends with the verdict line."""
    result = run(*outcomes)
    assert ending(result)[-1].endswith(f"(exit {exit_code(result)})")
