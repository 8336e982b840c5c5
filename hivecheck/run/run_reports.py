"""The record of a run: its plan, outcomes and problems, and the reports that are written from them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hivecheck.errors import Reason, ReportError
from hivecheck.reports import conformance, junit, result_data
from hivecheck.reports.console import Progress
from hivecheck.reports.result import REFERENCE, Outcome, Planned, RunProblem, RunResult, Split, Status, exit_code
from hivecheck.reports.text import SETTINGS, relative_path
from hivecheck.run import failed_starts, old_runs
from hivecheck.settings import Settings
from hivecheck.stack import kept_stacks
from hivecheck.targets.target import Target
from hivecheck.wording import counted, listed

REPLAYED = ("topology", "soak_minutes", "soak_rate", "soak_faults", "scenario_seconds")
REPORTS = ("junit.xml", "result.json", "conformance.json", "conformance.md")


class RunReports:
    """Collects outcomes and problems. `result` gives all of them, `write` writes them."""

    def __init__(self, settings: Settings, run_id: str, progress: Progress) -> None:
        self.settings = settings
        self.run_id = run_id
        self.folder = settings.report_dir / run_id
        self.interrupted_by: str | None = None
        self.crash: str | None = None
        self.source_hash = ""
        self.plan_files: dict[str, str] = {}
        self.plan: tuple[Planned, ...] = ()
        self.split: Split | None = None
        self.judged: Callable[[Outcome], Outcome] = lambda outcome: outcome
        self._progress = progress
        self._outcomes: dict[str, Outcome] = {}
        self._problems: list[RunProblem] = []
        self._started = time.monotonic()

    def open(self) -> None:
        """Make the folder of the run. Raises UsageError for a kept stack of a newer format, before a scenario starts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept_stacks.kept_stacks(self.settings.report_dir)

    def remove_old_reports(self) -> None:
        """A run that is refused or killed must not leave an earlier report, which a reader would take for its own."""
        for name in REPORTS:
            self.settings.report_dir.joinpath(name).unlink(missing_ok=True)

    def take_plan(self, plan: Sequence[Planned]) -> None:
        """The scenarios of this run."""
        self.plan = tuple(plan)
        self._progress.run_started(self.plan, self.settings.seed, self.settings.platform, self.settings.target, self.folder)

    def of_job(self, progress: Progress) -> RunReports:
        """The record of what one of several jobs of this run carries out. The same plan, no outcomes yet."""
        part = RunReports(self.settings, self.run_id, progress)
        part.plan, part.source_hash = self.plan, self.source_hash
        return part

    def record(self, outcome: Outcome, job: int = 0) -> None:
        """The outcome of a planned scenario."""
        outcome = self.judged(outcome)
        self._outcomes[outcome.planned.key] = outcome
        self._progress.scenario_finished(outcome, job)

    def add_problem(self, title: str, detail: str, reason: Reason | None) -> None:
        """A problem of the run as a whole. Without a reason code, the system under test left an orphan."""
        problem = RunProblem(title, detail, reason)
        self._problems.append(problem)
        self._progress.problem_found(problem)

    def has_outcome(self, planned: Planned) -> bool:
        return planned.key in self._outcomes

    def block_after_failed_starts(self, planned: Planned, job: int = 0) -> bool:
        """Block a scenario on a topology that did not start for earlier scenarios; returns whether it did."""
        outcome = failed_starts.blocked(planned, self._outcomes.values())
        if outcome is None and self.settings.target != REFERENCE:
            outcome = failed_starts.blocked_by_set_up(planned, self._outcomes.values())
        if outcome is not None:
            self.record(outcome, job)
        return outcome is not None

    def result(self) -> RunResult:
        """The whole result. Planned scenarios without an outcome are `not run`."""
        return RunResult(
            run_id=self.run_id,
            seed=self.settings.seed,
            platform=self.settings.platform,
            target=self.settings.target,
            outcomes=tuple(self._outcomes.get(planned.key) or self.judged(self._not_run(planned)) for planned in self.plan),
            problems=tuple(self._problems),
            interrupted_by=self.interrupted_by,
            crash=self.crash,
            seconds=time.monotonic() - self._started,
            plan_files=self.plan_files,
            properties={"report": str(self.folder), "source_hash": self.source_hash} | self._replayed(),
            split=self.split,
            allows_flaky=self.settings.allow_flaky,
        )

    def _replayed(self) -> dict[str, str]:
        """The settings that a reproduce command needs, as options; empty when all have their defaults."""
        changed = [f"-D {name}={value}" for name in REPLAYED if (value := getattr(self.settings, name)) != getattr(Settings, name)]
        return {SETTINGS: " ".join(changed)} if changed else {}

    def write(self, target: Target | None) -> int:
        """Write the reports, remove the oldest runs and print the end of the run; returns the exit code."""
        junit_path: Path | None = self.settings.report_dir / "junit.xml"
        try:
            self._write(self.settings.report_dir / "junit.xml", target)
        except (OSError, ReportError) as error:
            # Without reports a CI has no result to read, so even a run of passed scenarios ends with exit code 3.
            self.crash = self.crash or f"the reports were not written: {error}"
            junit_path = None
        self._remove_old_runs()
        result = self.result()
        self._progress.run_finished(result, junit_path, self.folder)
        return exit_code(result)

    def _not_run(self, planned: Planned) -> Outcome:
        if self.interrupted_by:
            return Outcome(planned, Status.NOT_RUN, message=f"interrupted by {self.interrupted_by}", reason=Reason.INTERRUPTED)
        return Outcome(planned, Status.NOT_RUN, message="the run ended before this scenario started", reason=Reason.HARNESS_ERROR)

    def _remove_old_runs(self) -> None:
        # At the end, because a run that is refused has carried out nothing and replaces no other.
        kept = self.settings.runs_kept
        if lost := old_runs.remove(self.settings.report_dir, kept):
            names = listed(relative_path(path, Path.cwd()) for path in reversed(lost))
            self._progress.say(f"Removed the evidence of {counted(len(lost), 'old run')}, {names}; -D runs_kept={2 * kept} keeps more.")

    def _write(self, path: Path, target: Target | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        junit.write(self.result(), path)
        write_json(path.with_name("result.json"), result_data.data(self.result()))
        if target is None:
            return
        table = conformance.table(self.result(), target.name, target.summary)
        for folder in (self.folder, self.settings.report_dir):  # the run's own, and that of the last run
            write_json(folder / "conformance.json", table)
            folder.joinpath("conformance.md").write_text(conformance.markdown(table), encoding="utf-8")


def write_json(path: Path, content: object) -> None:
    """Write data for programs, as text that a person can read."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
