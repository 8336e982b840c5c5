"""The result of a run as data: status, outcome, problem, result and exit code. Its text is text.py."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hivecheck.errors import Reason
from hivecheck.measurement.recovery import Recovery

REFERENCE = "reference"  # the target that a command line leaves out


class Status(StrEnum):
    """The status of a planned scenario. docs/verdicts.md describes each for a person."""

    PASSED = "passed"
    FAILED = "failed"  # an assertion: the system under test is wrong
    INCONCLUSIVE = "inconclusive"  # any other exception: there is no verdict
    NOT_SUPPORTED = "not supported"  # the platform or the target lacks what the scenario needs
    BLOCKED = "blocked"  # the set-up failed before the scenario started
    NOT_RUN = "not run"  # the run ended before the scenario started


NO_VERDICT = (Status.INCONCLUSIVE, Status.BLOCKED, Status.NOT_RUN)  # each outcome with one of these has a reason code


@dataclass(frozen=True)
class Planned:
    """One scenario of the plan. `key` is `file:line`, unique in a run.

    `is_fresh`: it gets a stack of its own. `is_exclusive`: no other scenario runs beside it. `is_chaos`: it injects faults.
    """

    key: str
    feature: str
    name: str
    file: str
    line: int
    requirements: tuple[str, ...] = ()
    topology: str = "default"
    unsupported_reason: str | None = None
    is_fresh: bool = False
    is_exclusive: bool = False
    is_chaos: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of one planned scenario.

    `message` is one line for a person. `detail` is the whole text: expected, actual, next, or a traceback.
    `step` is the Gherkin step that ended the scenario. `seconds` is the scenario's wall time.
    `evidence` is the folder with logs and journals. `recovery` has the figures of a fault under steady load.
    `faults` has one line for each injected fault.
    `stall_seconds` is the longest time for which the machine did not schedule the harness.
    `reason` is the reason code of an outcome without a verdict.
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
    reason: Reason | None = None


@dataclass(frozen=True)
class RunProblem:
    """A problem of the run as a whole. Without a reason code it is an orphan: the system under test left it behind."""

    title: str
    detail: str
    reason: Reason | None = None

    @property
    def is_orphan(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class RunResult:
    """The whole run. `crash` is the traceback of a defect of the harness, `interrupted_by` the name of a signal.

    `plan_files` has, for each scenario with random faults, the fault plan that repeats them.
    """

    run_id: str
    seed: int
    platform: str
    target: str
    outcomes: tuple[Outcome, ...]
    problems: tuple[RunProblem, ...] = ()
    interrupted_by: str | None = None
    crash: str | None = None
    seconds: float = 0.0
    properties: dict[str, str] = field(default_factory=dict)
    plan_files: dict[str, str] = field(default_factory=dict)

    def count(self, *statuses: Status) -> int:
        return sum(1 for outcome in self.outcomes if outcome.status in statuses)

    def orphans(self) -> list[RunProblem]:
        return [problem for problem in self.problems if problem.is_orphan]

    def own_problems(self) -> list[RunProblem]:
        """The problems of the harness and its surroundings."""
        return [problem for problem in self.problems if not problem.is_orphan]


def exit_code(result: RunResult) -> int:
    """0 passed, 1 the system under test is wrong, 2 no verdict, 3 the harness crashed. Precedence 3 > 1 > 2 > 0."""
    if result.crash is not None:
        return 3
    if result.count(Status.FAILED) or result.orphans():
        return 1
    if result.count(*NO_VERDICT) or result.interrupted_by or result.problems or not result.count(Status.PASSED):
        return 2
    return 0


def in_plan_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Sorted by file and line: the order in which a person looks for a scenario."""
    return sorted(outcomes, key=lambda outcome: (outcome.planned.file, outcome.planned.line))
