"""One run: opens the platform, plans scenarios, coordinates their life and the reports. Knows nothing of behave: the runner calls it."""

from __future__ import annotations

import copy
import itertools
import os
import time
import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hivecheck.cleanup.watchdog import Watchdog
from hivecheck.errors import Reason, UsageError, reason_of
from hivecheck.faults.planning import plan as fault_plans
from hivecheck.platforms.platform import Platform
from hivecheck.reports.console import Progress
from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.reports.text import relative_path
from hivecheck.run import schedule
from hivecheck.run.durations import Durations
from hivecheck.run.jobs import Job, JobProgress
from hivecheck.run.known_failures import Existing
from hivecheck.run.narrowing import Narrowing
from hivecheck.run.run_reports import RunReports
from hivecheck.run.scenario import ScenarioLifecycle, ScenarioResult
from hivecheck.settings import Settings
from hivecheck.stack import kept_stacks, platform_factory
from hivecheck.stack.start_watch import FailedSystemError
from hivecheck.tags import NO_TOPOLOGY
from hivecheck.targets import target as targets
from hivecheck.timeouts import Timeouts
from hivecheck.topologies import topology

if TYPE_CHECKING:
    from hivecheck.world.world import World

FAULT_SETTINGS = ("random_faults", "fault_plan")
FAULT_PLAN_STEP = "the faults of the fault plan are injected and removed"  # of steps/random_faults_steps.py


class Run:
    """Create it, `open` it, give it the plan, `begin` and `finish` each scenario, `close` it. `reports` has all results.

    With several jobs, each has a copy of its own, which `of_job` makes after the plan.
    """

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self.settings = settings
        self.timeouts = Timeouts().scaled(settings.timeout_scale)
        self.reports = RunReports(settings, f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}", progress)
        self.progress = progress
        self._watchdog: Watchdog | None = None

    def open(self) -> None:
        """Open platform and folders; no node is started yet. Raises UsageError, PlatformError or ImageError."""
        try:
            self._examine()
        finally:
            self.reports.remove_old_reports()
        name = self._choose_platform()
        self.reports.open()
        folder = self.reports.folder / "stacks"
        self._open_platform = self._opener(platform_factory.opener(name, self.settings, self.reports.run_id, folder, self.progress.say))
        self.platform = self._open_platform()
        self.reports.source_hash = self.platform.source_hash()
        self.durations = Durations.load(self.settings.durations_path, name)
        self._scenarios = self._lifecycle(itertools.count(1))

    def preview(self) -> None:
        """As `open`, for a plan that is printed only: no report is removed, no image is built, and nothing can start."""
        self._examine()
        name = self._choose_platform()
        self.platform = platform_factory.without_image(name, self.settings, self.reports.run_id, self.reports.folder)
        self.durations = Durations.load(self.settings.durations_path, name)

    def _examine(self) -> None:
        """Refuse wrong settings before anything starts. Raises UsageError."""
        self.narrowing = Narrowing(self.settings, self.reports.folder)  # reads a report that `open` may remove
        self.reports.judged = self.narrowing.judged
        fault_plans.must_be_within_limits(self.settings.random_faults)
        if self.settings.fault_plan:
            fault_plans.load(Path(self.settings.fault_plan))
        if self.settings.topology:
            topology.load(self.settings.topology)
        if target := targets.load(self.settings.target):
            self.timeouts = target.timeouts().scaled(self.settings.timeout_scale)
        self.target = target
        if not self.settings.services_root.joinpath("services").is_dir():
            raise UsageError(
                f"expected: a folder `services` in services_root={self.settings.services_root}\nactual: none\n"
                "next: give the folder that contains `services`, or leave the setting out"
            )

    def _choose_platform(self) -> str:
        name = platform_factory.choose(self.settings, self.progress.say)
        if self.target:
            self.target.must_go_with(name)  # before an image is built in vain
        self.settings = self.reports.settings = replace(self.settings, platform=name)
        return name

    def of_job(self, job: Job) -> Run:
        """The part of this run that one of several jobs carries out, in a process of its own that was forked from this one."""
        part = copy.copy(self)
        part.progress = JobProgress(job)
        part.reports = self.reports.of_job(part.progress)
        part._scenarios = part._lifecycle(itertools.count(job.number + 1, job.count))
        return part

    def reopen_platform(self) -> None:
        """In a job, because a connection to an engine serves one process only. Raises PlatformError."""
        self.platform = self._scenarios.platform = self._open_platform()

    def job_count(self, plan: Sequence[Planned]) -> int:
        """The setting `jobs`; by default as many as this machine carries and as shorten this run. Never more than there are scenarios."""
        scenarios = sum(1 for planned in plan if not planned.is_exclusive)
        wanted = self.settings.jobs or schedule.jobs_worthwhile(plan, self.durations.of, schedule.jobs_of_this_machine())
        return max(1, min(wanted, scenarios))

    def schedule(self, plan: Sequence[Planned], jobs: int) -> schedule.Schedule:
        """Assigns the scenarios of the plan to the jobs."""
        return schedule.Schedule(plan, self.durations.of, self.settings.seed, jobs)

    def missing_capabilities(self, capabilities: Sequence[str]) -> str | None:
        """Why a scenario that needs these capabilities is not supported here; None if it is."""
        missing = [capability for capability in capabilities if capability not in self.platform.capabilities("node")]
        if not missing:
            return None
        noun = "capability" if len(missing) == 1 else "capabilities"
        return f"platform {self.platform.name} lacks {noun} {', '.join(missing)}"

    def admitted(self, planned: Planned) -> Planned:
        """The scenario as settings and target declare it: on the topology of the settings, if they have one.

        It is not supported if the target lacks a requirement or the topology.
        """
        if self.settings.topology and planned.topology != NO_TOPOLOGY:
            planned = replace(planned, topology=self.settings.topology)
        if self.target is None or planned.unsupported_reason:
            return planned
        return replace(planned, unsupported_reason=self.target.why_not(planned.name, planned.requirements, planned.topology))

    def must_use_faults(self, given: Collection[str], steps: Collection[str]) -> None:
        """Raise UsageError for `random_faults` or `fault_plan` among the given settings, if no step of the selected scenarios uses it."""
        name = next((name for name in FAULT_SETTINGS if name in given), None)
        if name and steps and not any(FAULT_PLAN_STEP in step for step in steps):
            raise UsageError(
                f"expected: a selected scenario uses {name}, by the step `{FAULT_PLAN_STEP}`\nactual: none\n"
                f"next: select features/chaos/random.feature, or leave {name} out"
            )

    def narrowed(self, plan: Sequence[Planned], existing: Existing) -> list[Planned]:
        """The scenarios that this run takes of the selected ones. `existing` has each scenario of the project. Raises UsageError."""
        own, self.reports.split = self.narrowing.narrowed(plan, self.durations.of, existing, self.progress.say)
        return own

    def take_plan(self, plan: Sequence[Planned], jobs: int = 1) -> None:
        """The scenarios of this run. Scenarios that are not supported have their outcome at once."""
        self.reports.take_plan(plan)
        self.progress.jobs_started(jobs, {planned.key: self.durations.of(planned) for planned in plan if not planned.unsupported_reason})
        if any(planned.topology != NO_TOPOLOGY and not planned.unsupported_reason for planned in plan):
            has_containers = self.target is not None and bool(self.target.image)
            self._watchdog = Watchdog(self.reports.run_id, "docker" if has_containers else self.platform.name)
        for planned in plan:
            if planned.unsupported_reason:
                self.reports.record(Outcome(planned, Status.NOT_SUPPORTED, message=planned.unsupported_reason))
                self._must_be_expected(planned, planned.unsupported_reason)

    def begin(self, planned: Planned, needed: Collection[str] | None = None) -> World | None:
        """The world of a scenario on a stack that is up; None without a topology.

        Raises HivecheckError when the set-up fails, FailedSystemError when the system under test fails at its start.
        `needed`: the topologies that this scenario and later ones need; None: of every scenario of the plan without an outcome.
        """
        if needed is None:
            needed = {other.topology for other in self.reports.plan if not self.reports.has_outcome(other)}
        self._scenarios.take_down_all_but(needed)
        return self._scenarios.begin(planned)

    def finish(self, planned: Planned, ended: ScenarioResult) -> None:
        """Clean up after a scenario and record its outcome."""
        self._scenarios.finish(planned, ended)
        if ended.status is Status.NOT_SUPPORTED:
            self._must_be_expected(planned, ended.message)

    def block(self, planned: Planned, message: str, detail: str, reason: Reason, *, is_start_failure: bool = False) -> None:
        """This scenario cannot start. `is_start_failure`: its stack was started in vain."""
        outcome = Outcome(planned, Status.BLOCKED, message=message, detail=detail, reason=reason, is_start_failure=is_start_failure)
        self.reports.record(outcome)

    def fail_at_start(self, planned: Planned, error: FailedSystemError) -> None:
        """The system under test failed while the stack of this scenario started."""
        self._scenarios.fail_at_start(planned, error)

    def close_stacks(self) -> None:
        """Take the stacks down. An error becomes a problem of the run."""
        self._scenarios.close()

    def close(self) -> int:
        """Take the stacks down, look for leaks, write the reports; returns the exit code."""
        self.close_stacks()
        if self._watchdog:
            self._remove_leftovers()
            self._watchdog.dismiss()
        self.durations.take(self.reports.result().outcomes)
        self.durations.save()
        return self.reports.write(self.target)

    def kept_words(self) -> list[str]:
        """How to look at a kept stack; empty when none is kept."""
        stacks = kept_stacks.of_run(self.reports.run_id, self.settings.report_dir)
        return [line for stack in stacks for line in [f"Kept for you: {stack.name}", *kept_stacks.first_words(stack)]]

    def _opener(self, opener: Callable[[], Platform]) -> Callable[[], Platform]:
        """With the gateway under test in front of it."""
        target = self.target
        if target is None:
            return opener
        return lambda: platform_factory.with_target(opener(), target, self.settings, self.reports.folder / "stacks")

    def _lifecycle(self, stack_numbers: Iterator[int]) -> ScenarioLifecycle:
        return ScenarioLifecycle(self.reports, self.platform, self.target, self.timeouts, self.progress, stack_numbers)

    def _remove_leftovers(self) -> None:
        """Whatever still carries the label of this run, except in stacks that are kept for a person."""
        try:
            kept = {stack.name for stack in kept_stacks.of_run(self.reports.run_id, self.settings.report_dir)}
            for name, leaked in self.platform.leftovers():
                if name not in kept:
                    self.reports.add_problem("the harness left something behind", leaked, Reason.LEAK)
                    self.platform.sweep(name)
            if self.reports.crash and not kept:
                self.platform.sweep()  # a job that died may leave a network without a container, which is no leftover
        except Exception as error:  # the reports must be written in any case
            self.reports.add_problem("the clean-up failed", f"{type(error).__name__}: {error}", reason_of(error))

    def _expected_unsupported(self) -> frozenset[str]:
        """The scenarios that this platform is known not to support. Any other makes a run of the reference target inconclusive."""
        platforms = tomllib.loads(self.settings.expected_unsupported.read_text(encoding="utf-8"))
        return frozenset(platforms.get(self.settings.platform, {}).get("scenarios", ()))

    def _must_be_expected(self, planned: Planned, reason: str) -> None:
        """On the reference target, an unsupported scenario that is not listed is a problem of the run."""
        if self.target is not None or planned.name in self._expected_unsupported():
            return
        file = relative_path(self.settings.expected_unsupported, Path.cwd())
        self.reports.add_problem(
            f"unexpectedly not supported: {planned.name}",
            f"expected: the scenario is supported, or is listed in {file}\nactual: {reason}\n"
            f"next: run it with --platform docker, or list the scenario in a copy of that file, with -D expected_unsupported=COPY",
            Reason.SETUP_FAILED,
        )
