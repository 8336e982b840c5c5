"""The result of a run: exit code and its causes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.errors import Reason
from hivecheck.reports.result import NO_VERDICT, Outcome, Planned, RunProblem, RunResult, Status, exit_code, in_plan_order
from hivecheck.reports.text import NOTHING_PASSED, NOTHING_SELECTED, causes

ORPHAN = RunProblem("a worker was left behind", "pid 1")
LEAK = RunProblem("a network was left behind", "hc-1", Reason.LEAK)


def outcome(status: Status = Status.PASSED, line: int = 1, message: str = "", detail: str = "", step: str = "") -> Outcome:
    planned = Planned(f"features/chat.feature:{line}", "Chat", f"scenario {line}", "features/chat.feature", line)
    return Outcome(planned, status, message=message, detail=detail, step=step, reason=Reason.TIMEOUT if status in NO_VERDICT else None)


def run(
    *statuses: Status,
    problems: tuple[RunProblem, ...] = (),
    interrupted_by: str | None = None,
    crash: str | None = None,
    allows_flaky: bool = False,
) -> RunResult:
    outcomes = tuple(outcome(status, line) for line, status in enumerate(statuses, start=1))
    return RunResult("r1", 7, "docker", "reference", outcomes, problems, interrupted_by, crash, allows_flaky=allows_flaky)


runs = st.builds(
    run,
    st.sampled_from(Status),
    st.sampled_from(Status),
    problems=st.lists(st.sampled_from([ORPHAN, LEAK]), max_size=2).map(tuple),
    interrupted_by=st.none() | st.just("SIGINT"),
    crash=st.none() | st.text(max_size=5),
    allows_flaky=st.booleans(),
)


@pytest.mark.parametrize(
    ("result", "code", "why"),
    [
        (run(Status.PASSED), 0, []),
        (run(Status.PASSED, Status.NOT_SUPPORTED), 0, []),
        (run(Status.PASSED, Status.FAILED), 1, ["1 failed"]),
        (run(Status.PASSED, problems=(ORPHAN,)), 1, ["a worker was left behind"]),
        (run(Status.PASSED, problems=(LEAK,)), 2, ["a network was left behind (leak)"]),
        (run(Status.PASSED, problems=(LEAK, LEAK, LEAK)), 2, ["a network was left behind (leak) and 2 more problems of the run"]),
        (run(problems=(LEAK,)), 2, ["a network was left behind (leak)"]),
        (run(Status.PASSED, Status.INCONCLUSIVE), 2, ["1 inconclusive (timeout)"]),
        (run(Status.PASSED, Status.BLOCKED, Status.BLOCKED), 2, ["2 blocked (timeout)"]),
        (run(Status.PASSED, Status.NOT_RUN), 2, ["1 not run (timeout)"]),
        (run(Status.PASSED, interrupted_by="SIGTERM"), 2, ["interrupted by SIGTERM"]),
        (run(Status.NOT_SUPPORTED), 2, [NOTHING_PASSED]),
        (run(), 2, [NOTHING_SELECTED]),
        (run(Status.FAILED, Status.INCONCLUSIVE), 1, ["1 failed", "1 inconclusive (timeout)"]),
        (run(Status.FAILED, crash="Traceback\n  in x\nKeyError: 'a'"), 3, ["the harness crashed: KeyError: 'a'", "1 failed"]),
        (run(Status.PASSED, Status.FLAKY), 1, ["1 flaky"]),
        (run(Status.FLAKY, allows_flaky=True), 0, []),
        (run(Status.FLAKY, Status.NOT_RUN, allows_flaky=True), 2, ["1 not run (timeout)"]),
        (run(Status.PASSED, Status.KNOWN_FAILURE), 0, []),
        (run(Status.KNOWN_FAILURE), 2, [NOTHING_PASSED]),
        (run(Status.PASSED, Status.UNEXPECTED_PASS, Status.FAILED), 1, ["1 failed", "1 unexpected_pass"]),
        (run(Status.PASSED, crash=""), 3, ["the harness crashed: without a traceback"]),
    ],
)
def test_exit_code_and_causes(result: RunResult, code: int, why: list[str]) -> None:
    """The worst event decides the exit code and is the first cause."""
    assert (exit_code(result), causes(result)) == (code, why)


@given(runs)
def test_cause_if_not_0(result: RunResult) -> None:
    """There is a cause exactly if the exit code is not 0."""
    assert bool(causes(result)) == (exit_code(result) != 0)


def test_plan_order() -> None:
    """The order of a plan is by file and line number."""
    assert [each.planned.line for each in in_plan_order([outcome(line=10), outcome(line=9)])] == [9, 10]
