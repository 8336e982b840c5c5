"""What a run intends and what became of it. Data and pure functions: the one shape that runner, JUnit, console and exit code share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hivecheck.measurement.recovery import Recovery

# What XML 1.0 forbids, what a terminal obeys (C0, C1) and what turns the reading direction round: none of it may reach a reader as it is.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


REFERENCE = "reference"  # the target that needs no naming


class Status(StrEnum):
    """What became of a planned scenario. Only PASSED is good news; NOT_SUPPORTED is news, the rest is bad."""

    PASSED = "passed"
    FAILED = "failed"  # an assertion: the system under test is wrong
    INCONCLUSIVE = "inconclusive"  # any other exception: we could not find out
    NOT_SUPPORTED = "not supported"  # the platform or the target lacks what the scenario needs
    BLOCKED = "blocked"  # never started because its set-up failed
    NOT_RUN = "not run"  # the run ended before its turn


@dataclass(frozen=True)
class Planned:
    """One scenario of the plan. `key` is `file:line`, unique in a run."""

    key: str
    feature: str
    name: str
    file: str
    line: int
    requirements: tuple[str, ...] = ()
    topology: str = "default"
    unsupported_reason: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one planned scenario.

    `message` is one line for a person, `detail` the whole story (got, wanted, traceback); `step` is the Gherkin step that ended it;
    `evidence` the folder with logs and journals; `seconds` its wall time; `recovery` what a fault under steady load did to its clients;
    `faults` one line on each strike; `stall_seconds` the longest time for which the machine let the harness itself wait.
    """

    planned: Planned
    status: Status
    seconds: float = 0.0
    step: str = ""
    message: str = ""
    detail: str = ""
    evidence: Path | None = None
    recovery: Recovery | None = None
    faults: tuple[str, ...] = ()
    stall_seconds: float = 0.0


@dataclass(frozen=True)
class RunProblem:
    """Something wrong with the run as a whole: an orphan of the stack (`is_ours` false), a leak or failed set-up of ours."""

    title: str
    detail: str
    is_ours: bool


@dataclass(frozen=True)
class RunResult:
    """The whole run. `crash` is set when the harness itself broke, `interrupted_by` when a signal ended it."""

    run_id: str
    seed: int
    platform: str
    target: str
    outcomes: tuple[Outcome, ...]
    findings: tuple[RunProblem, ...] = ()
    interrupted_by: str | None = None
    crash: str | None = None
    seconds: float = 0.0
    properties: dict[str, str] = field(default_factory=dict)
    plan_files: dict[str, str] = field(default_factory=dict)  # of scenarios that drew their faults: where the plan lies that replays them

    def count(self, *statuses: Status) -> int:
        return sum(1 for outcome in self.outcomes if outcome.status in statuses)


def exit_code(result: RunResult) -> int:
    """0 proven, 1 the system under test is wrong, 2 no verdict, 3 the harness crashed. Precedence 3 > 1 > 2 > 0."""
    if result.crash is not None:
        return 3
    if result.count(Status.FAILED) or any(not finding.is_ours for finding in result.findings):
        return 1
    is_incomplete = result.count(Status.INCONCLUSIVE, Status.BLOCKED, Status.NOT_RUN) > 0
    if is_incomplete or result.interrupted_by or result.findings or not result.count(Status.PASSED):
        return 2
    return 0


def reproduce_command(result: RunResult, planned: Planned) -> str:
    """The command line that runs just this scenario again, in the same order of chance."""
    platform = f" --platform {result.platform}" if result.platform else ""
    target = f" --target {result.target}" if result.target not in ("", REFERENCE) else ""
    replay = f" --plan {result.plan_files[planned.key]}" if planned.key in result.plan_files else ""
    return f"./run-integration-tests.sh {planned.key}{platform}{target} --seed {result.seed}{replay}"


def in_plan_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Sorted by file and line: the order in which a person looks for a scenario."""
    return sorted(outcomes, key=lambda outcome: (outcome.planned.file, outcome.planned.line))


def reasons(result: RunResult) -> list[str]:
    """Why the exit code is not 0, worst first, in words. Empty exactly when the exit code is 0."""
    orphans = sum(1 for finding in result.findings if not finding.is_ours)
    found = [
        (result.crash is not None, f"the harness broke: {last_line(result.crash or '') or 'nobody said how'}"),
        (result.count(Status.FAILED) > 0, f"{result.count(Status.FAILED)} failed"),
        (orphans > 0, f"orphans of the stack: {orphans}"),
        (bool(result.interrupted_by), f"interrupted by {one_line(result.interrupted_by or '')}"),
        *(
            (result.count(status) > 0, f"{result.count(status)} {status}")
            for status in (Status.INCONCLUSIVE, Status.BLOCKED, Status.NOT_RUN)
        ),
        (len(result.findings) > orphans, f"leaks or failed set-ups of our own: {len(result.findings) - orphans}"),
        (not result.outcomes, "nothing was selected"),
    ]
    told = [reason for is_so, reason in found if is_so]
    return told or ([] if result.count(Status.PASSED) else ["nothing passed"])


def message_of(outcome: Outcome) -> str:
    """One line that says why, never empty: a consumer drops a failure without a message."""
    message = one_line(outcome.message) or one_line(outcome.planned.unsupported_reason or "")
    return message or f"{outcome.status} without a message"


def story(result: RunResult, outcome: Outcome, folder: Path) -> list[str]:
    """What a person needs to go on: step, got and wanted, evidence, the command that runs it again. Paths as typed in `folder`."""
    message, detail = visible(outcome.message).strip() or message_of(outcome), visible(outcome.detail).strip("\n")
    told = detail if one_line(detail).startswith(one_line(message)) else f"{message}\n{detail}".strip("\n")
    return [
        *([f"step: {one_line(outcome.step)}"] if outcome.step else []),
        *(f"  {line}".rstrip() for line in told.split("\n")),
        *([_standstill(outcome.stall_seconds)] if outcome.stall_seconds else []),
        *([f"evidence: {relative_path(outcome.evidence, folder)}"] if outcome.evidence else []),
        f"run it again: {one_line(reproduce_command(result, outcome.planned))}",
    ]


def _standstill(seconds: float) -> str:
    return f"machine: it let the harness wait for {seconds:.2f} s at a time; what had a time limit then may have failed for that alone"


def visible(text: str) -> str:
    """The text with each character that a terminal would obey or XML forbids written out, such as `\\x1b`. Line breaks and tabs stay."""
    return _INVISIBLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Visible text on one line: any run of white space is one space."""
    return " ".join(visible(text).split())


def last_line(text: str) -> str:
    """The line of a traceback that says what happened."""
    return one_line(text.strip().rpartition("\n")[2])


def relative_path(path: Path, folder: Path) -> str:
    """The path as a person would type it in `folder`; as it is when it lies elsewhere."""
    return one_line(str(path.relative_to(folder) if path.is_relative_to(folder) else path))
