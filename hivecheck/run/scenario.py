"""The life of a scenario: a world on a stack, evidence, removal of faults, baseline, outcome. Owns the stacks of a run."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hivecheck.errors import HealError, HivecheckError, Reason, reason_of
from hivecheck.faults.planning.plan import PlanSource
from hivecheck.faults.planning.soak_plan import SoakPlan
from hivecheck.loop_thread import LoopThread
from hivecheck.measurement.recovery import Recovery
from hivecheck.platforms.platform import Platform
from hivecheck.reports import evidence, fault_lines, recovery_table, soak_report
from hivecheck.reports.console import Progress
from hivecheck.reports.result import Outcome, Planned, Status
from hivecheck.reports.text import one_line, reproduce_command
from hivecheck.run.line_hits import LineHits
from hivecheck.run.run_reports import RunReports
from hivecheck.run.stall_detector import StallDetector
from hivecheck.stack import kept_stacks
from hivecheck.stack.pool import StackPool
from hivecheck.stack.stack import Stack
from hivecheck.stack.start_watch import FailedSystemError
from hivecheck.tags import NO_TOPOLOGY
from hivecheck.targets.target import Target
from hivecheck.timeouts import Timeouts
from hivecheck.verdict import Answer

if TYPE_CHECKING:
    from hivecheck.world.world import World

# A stall of this length explains a missed time limit: the shortest limits of a precondition are about 1 s.
STALL_SECONDS = 1.0
GOOD = (Status.PASSED, Status.NOT_SUPPORTED)  # no evidence to take, and no stack to keep
EXPLAINED_BY_STALL = (Reason.TIMEOUT, Reason.LOAD_OFF_SCHEDULE)


@dataclass(frozen=True)
class ScenarioResult:
    """The end of a scenario in terms without behave: status, the step that ended it, one line, the whole text, reason code."""

    status: Status
    step: str = ""
    message: str = ""
    detail: str = ""
    reason: Reason | None = None

    def reason_after(self, stall_seconds: float) -> Reason | None:
        """The reason code, given the longest stall of the harness in this scenario."""
        is_explained = self.reason in EXPLAINED_BY_STALL and stall_seconds >= STALL_SECONDS
        return Reason.HARNESS_STALLED if is_explained else self.reason


class ScenarioLifecycle:
    """`begin` and `finish` each scenario, then `close`."""

    def __init__(
        self,
        reports: RunReports,
        platform: Platform,
        target: Target | None,
        timeouts: Timeouts,
        progress: Progress,
        stack_numbers: Iterator[int],
    ) -> None:
        self.platform = platform
        self._stack_numbers = stack_numbers
        self._reports = reports
        self._settings = reports.settings
        self._target = target
        self._timeouts = timeouts
        self._progress = progress
        self._line_hits = LineHits(reports.settings.services_root)
        self._world: World | None = None
        self._pool: StackPool | None = None
        self._has_ignored_sigterm = False
        self._has_said_problems = False
        self._stalls: StallDetector | None = None
        self._started = time.monotonic()

    def begin(self, planned: Planned) -> World | None:
        """The world of a scenario on a stack that is up; None without a topology.

        Raises HivecheckError when the set-up fails, FailedSystemError when the system under test fails at its start.
        """
        self._progress.scenario_started(planned)
        self._started = time.monotonic()
        if planned.topology == NO_TOPOLOGY:
            return None
        pool = self._pool or self._open_pool()
        stack = pool.own(planned.topology) if planned.is_fresh else pool.shared(planned.topology)
        self._line_hits.forget(stack.name)
        self._started = time.monotonic()  # the scenario's time excludes the start of its stack
        folder = self._folder(planned)
        folder.mkdir(parents=True, exist_ok=True)
        from hivecheck.world.world import World  # its HTTP client is half of the load time of a run without stacks

        seed = f"{self._settings.seed}:{planned.name}"
        sources = self._plan_source(), self._soak_plan()
        self._world = World.compose(stack, self._loop, folder / "history.jsonl", seed, *sources, self._progress.say)
        return self._world

    def finish(self, planned: Planned, ended: ScenarioResult) -> None:
        """Take evidence, end the load, remove faults, restore the stack, and record the outcome."""
        seconds = time.monotonic() - self._started
        folder: Path | None = None
        recovered: Recovery | None = None
        injected: tuple[str, ...] = ()
        world, self._world = self._world, None
        if world and ended.status is not Status.NOT_RUN and (exit_text := world.stack.own_exit()):
            ended = _after_own_exit(ended, exit_text)
        if world and world.random_faults.plan_file:
            self._reports.plan_files[planned.key] = str(world.random_faults.plan_file)
        try:
            if world:
                self._line_hits.scenario_ended(world.stack.name, planned)
                with contextlib.closing(world):
                    if ended.status not in GOOD:
                        folder = self._take_evidence(world, planned, ended)
                    world.load.leave()
                    self._remove_faults(world, planned)
                    recovered, ended = self._keep_figures(world, planned, ended)
                    injected = fault_lines.lines(world.history)
                if not self._is_kept(world.stack, ended):
                    self._clean_up(world.stack, planned, ended)
        finally:  # a signal during the lines above must not turn a failure into `not run`
            stall = self._stalls.longest(self._started) if self._stalls else 0.0
            words = (ended.step, ended.message, ended.detail)
            self._reports.record(
                Outcome(planned, ended.status, seconds, *words, folder, recovered, injected, stall, ended.reason_after(stall))
            )

    def fail_at_start(self, planned: Planned, error: FailedSystemError) -> None:
        """Record the failed scenario with the logs of its stack, which is down already."""
        seconds = time.monotonic() - self._started
        folder = self._folder(planned)
        ended = ScenarioResult(Status.FAILED, "", one_line(str(error).partition("\nnext:")[0]), str(error))
        try:
            evidence.collect_logs(error.logs, folder, self._story(planned, ended))
        except OSError as failure:
            self._reports.add_problem(f"incomplete evidence of: {planned.name}", str(failure), reason_of(failure))
        self._reports.record(
            Outcome(planned, ended.status, seconds, message=ended.message, detail=ended.detail, evidence=folder, is_start_failure=True)
        )

    def close(self) -> None:
        """Take all stacks down. An error becomes a problem of the run."""
        try:
            self._take_all_down()
        except Exception as error:  # the reports must be written in any case
            self._reports.add_problem("the clean-up failed", f"{type(error).__name__}: {error}", reason_of(error))

    def _keep_figures(self, world: World, planned: Planned, ended: ScenarioResult) -> tuple[Recovery | None, ScenarioResult]:
        """Write the figures of recovery or of a soak. A soak that was interrupted after it had proven a failure has failed."""
        soak = soak_report.keep(world.history, self._folder(planned))
        if soak is None:
            return recovery_table.keep(world.history, self._folder(planned)), ended
        verdict, lines = soak
        for line in lines:
            self._progress.say(line)
        if ended.status is Status.NOT_RUN and verdict.answer is Answer.FAILED:
            ended = ScenarioResult(Status.FAILED, ended.step, one_line(verdict.message), verdict.message)
        return None, ended

    def _folder(self, planned: Planned) -> Path:
        slug = re.sub(r"[^a-z0-9]+", "-", planned.name.lower()).strip("-")[:60]
        return self._reports.folder / "scenarios" / f"{Path(planned.file).stem}-{planned.line}-{slug}"

    def _plan_source(self) -> PlanSource:
        """The faults of a scenario with random faults: from a file, or drawn by the seed."""
        file = Path(self._settings.fault_plan) if self._settings.fault_plan else None
        return PlanSource(self._settings.seed, self._settings.random_faults, file)

    def _soak_plan(self) -> SoakPlan:
        settings = self._settings
        return SoakPlan(settings.soak_minutes, settings.soak_rate, settings.soak_faults, settings.seed)

    def _open_pool(self) -> StackPool:
        self._loop = LoopThread()
        self._stalls = StallDetector()
        self._pool = StackPool(self.platform, self._timeouts, self._announce_start, self._announce_ready, self._target, self._stack_numbers)
        return self._pool

    def _announce_start(self, stack: Stack) -> None:
        self._progress.stack_starting(stack.topology.name)

    def _announce_ready(self, stack: Stack) -> None:
        self._line_hits.stack_started(stack.name, stack.topology.name)
        urls = {stack.called(name): url for name, url in stack.urls().items()}
        self._progress.stack_ready(stack.topology.name, stack.ready_seconds, urls)
        if self._target and stack.preflight.problems and not self._has_said_problems:
            self._has_said_problems = True
            for found in stack.preflight.problems:
                self._progress.say(f"preflight  {found.sentence()}")

    def _take_evidence(self, world: World, planned: Planned, ended: ScenarioResult) -> Path:
        folder = self._folder(planned)
        with contextlib.suppress(HivecheckError):
            world.checker.observe()
        try:
            evidence.collect(world.stack, world.history, world.stack.gateway.url, folder, self._story(planned, ended))
        except (OSError, HivecheckError) as error:
            self._reports.add_problem(f"incomplete evidence of: {planned.name}", str(error), reason_of(error))
        return folder

    def _story(self, planned: Planned, ended: ScenarioResult) -> str:
        story = [planned.name, f"{planned.file}:{planned.line}", f"step: {ended.step}", ended.detail or ended.message]
        story += [f"reason: {ended.reason}"] if ended.reason else []
        return "\n".join([*story, f"reproduce: {reproduce_command(self._reports.result(), planned)}"])

    def _is_kept(self, stack: Stack, ended: ScenarioResult) -> bool:
        """With --keep-failed, the first stack with a scenario that did not pass stays up for a person."""
        if not self._settings.keep_failed or ended.status in GOOD or self._pool is None:
            return False
        if kept_stacks.of_run(self._reports.run_id, self._settings.report_dir):
            return False
        self._pool.forget(stack)
        kept_stacks.keep(stack, self._reports.run_id, self._settings.report_dir)
        return True

    def _remove_faults(self, world: World, planned: Planned) -> None:
        """Also on a stack that is taken down next: each run verifies that each of its faults can be removed."""
        try:
            world.faults.injector.heal_all()
        except HivecheckError as error:
            event = "was not removed" if isinstance(error, HealError) else "did not act as declared"
            self._reports.add_problem(f"a fault {event}: {planned.name}", str(error), reason_of(error))

    def _clean_up(self, stack: Stack, planned: Planned, ended: ScenarioResult) -> None:
        """Take down a fresh stack. Restore a shared one to its baseline, or take it down if that fails."""
        if self._pool is None:
            return
        if self._pool.is_own(stack) or self._reports.interrupted_by:
            self._take_down(stack, planned.name)
            return
        try:
            stack.heal()
        except HivecheckError as error:
            is_stuck = isinstance(error, HealError) and "in flight" in str(error)
            if ended.status in GOOD:
                title = f"the stack did not return to its baseline after: {planned.name}"
                is_defect = is_stuck or stack.own_exit() is not None
                self._reports.add_problem(title, str(error), None if is_defect else reason_of(error))
            self._take_down(stack, planned.name)
        self._report_ignored_sigterm(stack)

    def _report_ignored_sigterm(self, stack: Stack) -> None:
        """Once a run: another gateway that ran on after SIGTERM has a defect, whatever its scenarios show."""
        if stack.ignored_sigterm and self._target and not self._has_ignored_sigterm:
            self._has_ignored_sigterm = True
            self._reports.add_problem(f"{self._target.name} ignores SIGTERM", stack.ignored_sigterm, None)

    def take_down_all_but(self, topologies: Collection[str]) -> None:
        """Stacks of topologies that no later scenario needs, because an idle stack uses processor time too."""
        for stack in self._pool.all() if self._pool else []:
            if stack.topology.name not in topologies:
                self._take_down(stack, f"the run ({stack.name})")

    def _take_down(self, stack: Stack, owner: str) -> None:
        if self._pool and (left := self._pool.down(stack)):
            self._reports.add_problem(f"left behind after: {owner}", "\n".join(left), None)
        self._report_ignored_sigterm(stack)

    def _take_all_down(self) -> None:
        if self._pool is None:
            return
        for stack in self._pool.all():
            self._take_down(stack, f"the run ({stack.name})")
        self._loop.close()
        if self._stalls:
            self._stalls.close()


def _after_own_exit(ended: ScenarioResult, exit_text: str) -> ScenarioResult:
    """The result of a scenario in which another gateway exited by itself: that is a failure, and it explains the rest."""
    message = one_line(" ".join(exit_text.split("\n")[:2]))
    return ScenarioResult(Status.FAILED, ended.step, message, "\n".join(filter(None, [exit_text, ended.detail])))
