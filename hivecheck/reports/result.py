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
    FLAKY = "flaky"  # it did not pass in an earlier run, and passed at the rerun
    KNOWN_FAILURE = "known failure"  # it failed, and known_failures.toml expects that
    UNEXPECTED_PASS = "unexpected_pass"  # it passed, and known_failures.toml expects a failure


PROVEN = (Status.PASSED, Status.FLAKY)  # a run needs at least one of these
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

    @property
    def identity(self) -> tuple[str, str]:
        """File and name: what identifies the scenario in other runs, where an edit may have moved its line."""
        return self.file, self.name


@dataclass(frozen=True)
class Outcome:
    """The outcome of one planned scenario.

    `message` is one line for a person. `detail` is the whole text: expected, actual, next, or a traceback.
    `step` is the Gherkin step that ended the scenario. `seconds` is the scenario's wall time.
    `evidence` is the folder with logs and journals. `recovery` has the figures of a fault under steady load.
    `faults` has one line for each injected fault.
    `stall_seconds` is the longest time for which the machine did not schedule the harness.
    `reason` is the reason code of an outcome without a verdict.
    `earlier` is the outcome that this rerun repeats. `notes` are further lines for a person.
    `seed` is that of the run with this failure, None for that of this run.
    `is_start_failure`: its stack was started and did not come up. A failed scenario then has run no step.
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
    earlier: Outcome | None = None
    notes: tuple[str, ...] = ()
    seed: int | None = None
    is_start_failure: bool = False

    def attempts(self) -> list[Outcome]:
        """The outcomes that this rerun repeats, the oldest first."""
        return [*self.earlier.attempts(), self.earlier] if self.earlier else []


@dataclass(frozen=True)
class Split:
    """This run's part of a plan. `plan` has the keys of all parts, `cut` the fingerprint of all parts (split.py)."""

    part: int
    parts: int
    plan: tuple[str, ...]
    cut: str

    def __str__(self) -> str:
        return f"part {self.part} of {self.parts}"


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

    `plan_files` has, for each scenario with random faults, the fault plan that repeats them. `split` is None before the plan.
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
    split: Split | None = None
    allows_flaky: bool = False

    @property
    def blames_flaky(self) -> bool:
        """A flaky scenario makes this run red."""
        return self.count(Status.FLAKY) > 0 and not self.allows_flaky

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
    if result.count(Status.FAILED, Status.UNEXPECTED_PASS) or result.orphans() or result.blames_flaky:
        return 1
    if result.count(*NO_VERDICT) or result.interrupted_by or result.problems or not result.count(*PROVEN):
        return 2
    return 0


def in_plan_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Sorted by file and line: the order in which a person looks for a scenario."""
    return sorted(outcomes, key=lambda outcome: (outcome.planned.file, outcome.planned.line))
