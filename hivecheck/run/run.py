"""One run: its plan, its stacks, its outcomes and reports. Knows nothing of behave; `runner.py` tells it what happens."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hivecheck.cleanup.watchdog import Watchdog
from hivecheck.errors import HealError, HivecheckError, ReportError, UsageError
from hivecheck.faults.planning import plan as fault_plans
from hivecheck.faults.planning.plan import PlanSource
from hivecheck.loop_thread import LoopThread
from hivecheck.measurement.recovery import Recovery
from hivecheck.platforms.platform import Platform
from hivecheck.reports import conformance, evidence, fault_lines, junit, recovery_table, result_data
from hivecheck.reports.console import Progress
from hivecheck.reports.result import Outcome, Planned, RunProblem, RunResult, Status, exit_code, reproduce_command
from hivecheck.run.stall_detector import StallDetector
from hivecheck.settings import Settings
from hivecheck.stack import kept_stacks, platform_factory
from hivecheck.stack.pool import StackPool
from hivecheck.stack.stack import Stack
from hivecheck.tags import NO_TOPOLOGY
from hivecheck.targets import target as targets
from hivecheck.targets.target import Target
from hivecheck.timeouts import Timeouts

if TYPE_CHECKING:
    from hivecheck.world.world import World

RUNS_KEPT = 10
REPORTS = ("junit.xml", "result.json", "conformance.json", "conformance.md")


@dataclass(frozen=True)
class ScenarioResult:
    """How a scenario ended, in behave's absence: its status, the step that ended it, one line, and the whole story."""

    status: Status
    step: str = ""
    message: str = ""
    detail: str = ""


class Run:
    """Create it, give it the plan, `begin` and `finish` each scenario, `close` it. `result` is the whole truth about it."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self.settings = settings
        self.run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        self.folder = settings.report_dir / self.run_id
        self.junit_path = settings.report_dir / "junit.xml"
        self.timeouts = Timeouts().scaled(settings.timeout_scale)
        self._progress = progress
        self._plan: tuple[Planned, ...] = ()
        self._outcomes: dict[str, Outcome] = {}
        self._findings: list[RunProblem] = []
        self._plan_files: dict[str, str] = {}
        self._world: World | None = None
        self._kept: set[str] = set()
        self._pool: StackPool | None = None
        self._standstills: StallDetector | None = None
        self._started = time.monotonic()
        self._scenario_started = time.monotonic()
        self.interrupted_by: str | None = None
        self.crash: str | None = None

    # -- plan ---------------------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Platform and folders; no node is started yet. Raises UsageError, PlatformError or ImageError."""
        for name in REPORTS:  # a run that is refused or killed must not leave an earlier one's report as its own
            self.settings.report_dir.joinpath(name).unlink(missing_ok=True)
        fault_plans.must_be_within_limits(self.settings.random_faults)
        if self.settings.plan:
            fault_plans.load(Path(self.settings.plan))  # refused now, not in the middle of the run
        self.target = targets.load(self.settings.target)
        if not self.settings.services_root.joinpath("services").is_dir():
            raise UsageError(f"services_root={self.settings.services_root}: there is no folder `services` in it.")
        name = platform_factory.choose(self.settings, self._progress.say)
        if self.target:
            self.target.must_go_with(name)  # before an image is built for nothing
        self.settings = replace(self.settings, platform=name)
        self.folder.mkdir(parents=True, exist_ok=True)
        _remove_old_runs(self.settings.report_dir)
        self.platform: Platform = platform_factory.open_platform(
            name, self.settings, self.run_id, self.folder / "stacks", self._progress.say
        )
        if self.target:
            self.platform = platform_factory.with_target(self.platform, self.target, self.settings, self.folder / "stacks")

    def missing_capabilities(self, capabilities: Sequence[str]) -> str | None:
        """Why a scenario that needs these powers is not supported here; None if it is."""
        missing = [power for power in capabilities if power not in self.platform.capabilities("node")]
        return f"platform {self.platform.name} has no power to {', '.join(missing)}" if missing else None

    def admitted(self, planned: Planned) -> Planned:
        """The scenario as the target takes it: not supported where it does not declare what the scenario needs."""
        if self.target is None or planned.unsupported_reason:
            return planned
        return replace(planned, unsupported_reason=self.target.why_not(planned.name, planned.requirements, planned.topology))

    def take_plan(self, plan: Sequence[Planned]) -> None:
        """What this run is to do; scenarios that are not supported have their outcome at once."""
        self._plan = tuple(plan)
        self._progress.run_started(self._plan, self.settings.seed, self.settings.platform, self.settings.target, self.folder)
        expected = self._may_be_left_out()
        for planned in self._plan:
            if planned.unsupported_reason:
                self._close_scenario(Outcome(planned, Status.NOT_SUPPORTED, message=planned.unsupported_reason))
                if self.target is None and planned.name not in expected:
                    hint = f"{planned.unsupported_reason}; if that is as it should be, list it in {self.settings.expected_unsupported.name}"
                    self.add_finding(f"left out, and nobody expected that: {planned.name}", hint, is_ours=True)

    def _may_be_left_out(self) -> frozenset[str]:
        """The scenarios that this platform is known not to support (architecture: exit 2 for any other, on the reference target)."""
        told = tomllib.loads(self.settings.expected_unsupported.read_text(encoding="utf-8"))
        return frozenset(told.get(self.settings.platform, {}).get("scenarios", ()))

    # -- scenarios ----------------------------------------------------------------------------------------------------------------

    def begin(self, planned: Planned, is_own: bool) -> World | None:
        """The world of a scenario on a stack that is up; None where it wants no stack. Raises HivecheckError when that fails."""
        self._progress.scenario_started(planned)
        self._scenario_started = time.monotonic()
        if planned.topology == NO_TOPOLOGY:
            return None
        pool = self._pool or self._open_pool()
        stack = pool.own(planned.topology) if is_own else pool.shared(planned.topology)
        self._scenario_started = time.monotonic()  # the stack's start is not the scenario's time
        folder = self.scenario_folder(planned)
        folder.mkdir(parents=True, exist_ok=True)
        from hivecheck.world.world import World  # not at the top: its HTTP client is half of what a run that needs no stack would load

        seed = f"{self.settings.seed}:{planned.name}"
        self._world = World.compose(stack, self._loop, folder / "history.jsonl", seed, self._drawing())
        return self._world

    def finish(self, planned: Planned, ending: ScenarioResult) -> None:
        """Take evidence, send clients home, heal the stack, and record the outcome."""
        seconds = time.monotonic() - self._scenario_started
        folder: Path | None = None
        recovered: Recovery | None = None
        injected: tuple[str, ...] = ()
        world, self._world = self._world, None
        if world and world.random_faults.plan_file:
            self._plan_files[planned.key] = str(world.random_faults.plan_file)
        try:
            if world:
                with contextlib.closing(world):
                    if ending.status is not Status.PASSED:
                        folder = self._take_evidence(world, planned, ending)
                    world.load.leave()
                    self._heal_faults(world, planned)
                    recovered, injected = (
                        recovery_table.keep(world.history, self.scenario_folder(planned)),
                        fault_lines.lines(world.history),
                    )
                if not self._is_kept(world.stack, ending):
                    self._clean_up(world.stack, planned, ending)
                self._take_down_unwanted(planned)
        finally:  # a signal in here must not make a failure a `not run`
            told = (ending.step, ending.message, ending.detail)
            waited = self._standstills.longest(self._scenario_started) if self._standstills else 0.0
            self._close_scenario(Outcome(planned, ending.status, seconds, *told, folder, recovered, injected, waited))

    def block(self, planned: Planned, reason: str, detail: str = "") -> None:
        """This scenario cannot be started."""
        self._close_scenario(Outcome(planned, Status.BLOCKED, message=reason, detail=detail))

    def add_finding(self, title: str, detail: str, *, is_ours: bool) -> None:
        self._findings.append(RunProblem(title, detail, is_ours))

    def scenario_folder(self, planned: Planned) -> Path:
        slug = re.sub(r"[^a-z0-9]+", "-", planned.name.lower()).strip("-")[:60]
        return self.folder / "scenarios" / f"{Path(planned.file).stem}-{planned.line}-{slug}"

    # -- end ----------------------------------------------------------------------------------------------------------------------

    def close(self) -> int:
        """Stacks down, leaks looked for, reports written; returns the exit code. Whatever breaks here is in the result, too."""
        try:
            self._take_all_down()
        except Exception as error:  # the report must be written whatever clean-up does
            self.add_finding("clean-up failed", f"{type(error).__name__}: {error}", is_ours=True)
        return self._report()

    def result(self) -> RunResult:
        """Everything that is known: planned scenarios without an outcome are `not run`."""
        outcomes = tuple(self._outcomes.get(planned.key, Outcome(planned, Status.NOT_RUN)) for planned in self._plan)
        return RunResult(
            run_id=self.run_id,
            seed=self.settings.seed,
            platform=self.settings.platform,
            target=self.settings.target,
            outcomes=outcomes,
            findings=tuple(self._findings),
            interrupted_by=self.interrupted_by,
            crash=self.crash,
            seconds=time.monotonic() - self._started,
            plan_files=self._plan_files,
            properties={"report": str(self.folder), "source_hash": self.platform.source_hash()},
        )

    # -- inside -------------------------------------------------------------------------------------------------------------------

    def _drawing(self) -> PlanSource:
        """How a scenario of random faults comes to them."""
        return PlanSource(self.settings.seed, self.settings.random_faults, Path(self.settings.plan) if self.settings.plan else None)

    def _open_pool(self) -> StackPool:
        self._watchdog = Watchdog(self.run_id, "docker" if self.target and self.target.image else self.platform.name)
        self._loop = LoopThread()
        self._standstills = StallDetector()
        self._pool = StackPool(self.platform, self.timeouts, self._announce_start, self._announce_ready, self.target)
        return self._pool

    def _announce_start(self, stack: Stack) -> None:
        self._progress.stack_starting(stack.topology.name)

    def _announce_ready(self, stack: Stack) -> None:
        self._progress.stack_ready(stack.topology.name, stack.ready_seconds, stack.urls())

    def _close_scenario(self, outcome: Outcome) -> None:
        self._outcomes[outcome.planned.key] = outcome
        self._progress.scenario_finished(outcome)

    def _take_evidence(self, world: World, planned: Planned, ending: ScenarioResult) -> Path:
        folder = self.scenario_folder(planned)
        story = [planned.name, f"{planned.file}:{planned.line}", f"step: {ending.step}", ending.detail or ending.message]
        story.append(f"again: {reproduce_command(self.result(), planned)}")
        with contextlib.suppress(HivecheckError):
            world.checker.observe()
        try:
            evidence.collect(world.stack, world.history, world.stack.gateway.url, folder, "\n".join(story))
        except (OSError, HivecheckError) as error:
            self.add_finding(f"evidence of {planned.name} is incomplete", str(error), is_ours=True)
        return folder

    def _is_kept(self, stack: Stack, ending: ScenarioResult) -> bool:
        """With --keep, the first stack whose scenario did not pass stays up for a person to look at."""
        if not self.settings.keep or self._kept or ending.status is Status.PASSED or self._pool is None:
            return False
        self._pool.forget(stack)
        self._kept.add(stack.name)
        kept_stacks.keep(stack, self.run_id, self.settings.report_dir)
        return True

    def _heal_faults(self, world: World, planned: Planned) -> None:
        """Also on a stack that goes down next: that a fault can be undone is part of every run."""
        try:
            world.faults.injector.heal_all()
        except HivecheckError as error:
            what = "could not be healed" if isinstance(error, HealError) else "was not what it was meant to be"
            self.add_finding(f"a fault {what}: {planned.name}", str(error), is_ours=True)

    def _clean_up(self, stack: Stack, planned: Planned, ending: ScenarioResult) -> None:
        """A stack of the scenario's own goes down; a shared one is healed, and rebuilt if that fails."""
        if self._pool is None:
            return
        if self._pool.is_own(stack) or self.interrupted_by:
            self._take_down(stack, planned.name)
            return
        try:
            stack.heal()
        except HivecheckError as error:
            is_stuck = isinstance(error, HealError) and "in flight" in str(error) and ending.status is Status.PASSED
            if ending.status is Status.PASSED:
                self.add_finding(f"the stack did not come back to its baseline after: {planned.name}", str(error), is_ours=not is_stuck)
            self._take_down(stack, planned.name)

    def _take_down_unwanted(self, planned: Planned) -> None:
        """Stacks of topologies that nothing ahead of this scenario needs: an idle one takes its share of the processor, too."""
        ahead = {other.topology for other in self._plan if other.key not in self._outcomes and other.key != planned.key}
        for stack in self._pool.all() if self._pool else []:
            if stack.topology.name not in ahead:
                self._take_down(stack, f"the run ({stack.name})")

    def _take_down(self, stack: Stack, owner: str) -> None:
        if self._pool and (left := self._pool.down(stack)):
            self.add_finding(f"left behind after: {owner}", "\n".join(left), is_ours=False)

    def _take_all_down(self) -> None:
        if self._pool is None:
            return
        for stack in self._pool.all():
            self._take_down(stack, f"the run ({stack.name})")
        self._loop.close()
        if self._standstills:
            self._standstills.close()
        for name, leaked in self.platform.leftovers():
            if name not in self._kept:
                self.add_finding("leaked by the run", leaked, is_ours=True)
                self.platform.sweep(name)
        self._watchdog.dismiss()

    def _report(self) -> int:
        junit_path: Path | None = self.junit_path
        try:
            self.junit_path.parent.mkdir(parents=True, exist_ok=True)
            junit.write(self.result(), self.junit_path)
            told = json.dumps(result_data.data(self.result()), indent=2)
            self.junit_path.with_name("result.json").write_text(told + "\n", encoding="utf-8")
            if self.target:
                self._write_conformance(self.target)
        except (OSError, ReportError) as error:
            self.crash = self.crash or f"the reports could not be written: {error}"
            junit_path = None
        result = self.result()
        self._progress.run_finished(result, junit_path, self.folder)
        return exit_code(result)

    def _write_conformance(self, target: Target) -> None:
        """The target's table, in the run's folder and as that of the last run."""
        told = conformance.table(self.result(), target.name, target.summary)
        for folder in (self.folder, self.settings.report_dir):
            folder.joinpath("conformance.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
            folder.joinpath("conformance.md").write_text(conformance.markdown(told), encoding="utf-8")

    def kept_words(self) -> list[str]:
        """How to look at a stack that was kept; empty when none was."""
        stacks = [stack for stack in kept_stacks.kept_stacks(self.settings.report_dir) if stack.run_id == self.run_id]
        return [line for stack in stacks for line in [f"Kept for you: {stack.name}", *kept_stacks.first_words(stack)]]


def _remove_old_runs(report_dir: Path) -> None:
    """All but the newest runs; never one whose stack is still up."""
    kept = {stack.run_id for stack in kept_stacks.kept_stacks(report_dir)}
    runs = sorted(path for path in report_dir.iterdir() if path.is_dir() and re.fullmatch(r"\d{8}-\d{6}-\d+", path.name))
    for path in runs[:-RUNS_KEPT]:
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)
