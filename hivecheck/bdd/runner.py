"""The behave runner of hivecheck: plan first, seeded order, each end of a run mapped to an exit code.

Exit codes: 0 passed, 1 the system under test is wrong, 2 no verdict, 3 the harness crashed. `reports/result.py` decides.
"""

from __future__ import annotations

import functools
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import indent
from types import FrameType
from typing import Any

from behave.configuration import Configuration
from behave.exception import ConfigError, TagExpressionError
from behave.model import Feature, Scenario
from behave.model_type import FileLocation
from behave.model_type import Status as BehaveStatus
from behave.runner import Context, Runner, the_step_registry
from behave.step_registry import AmbiguousStep

from hivecheck import tags
from hivecheck.bdd import feature_files, feature_lint, parameter_types, selection
from hivecheck.bdd.run_signals import INTERRUPTIONS, RunSignals
from hivecheck.bdd.step_errors import SETUP_ERRORS, never_leaving, one_line, reason_of_set_up, words
from hivecheck.errors import HivecheckError, NotSupportedError, Reason, SetupError, UsageError, reason_of
from hivecheck.reports import preview
from hivecheck.reports.console import progress_for
from hivecheck.reports.result import Planned, Status
from hivecheck.run.jobs import Ended, Job, Jobs
from hivecheck.run.run import Run
from hivecheck.run.run_reports import RunReports
from hivecheck.run.scenario import ScenarioResult
from hivecheck.settings import Settings
from hivecheck.stack.start_watch import FailedSystemError

NOT_STARTED = "the run did not start"
SKIPPED_BY_STEP = "a step skipped its scenario"
SKIPPED_NEXT = f"expected: each step runs\nactual: {SKIPPED_BY_STEP}\nnext: remove `scenario.skip` from the step, and use a tag instead"


class HivecheckRunner(Runner):  # type: ignore[misc]
    """Used by `behave` and by `hivecheck run`. The options of behave keep their meaning. `--dry-run` prints the plan."""

    run_of: Run
    planned: dict[str, Planned]
    blocked: set[str]
    signals: RunSignals
    job: Job | None = None  # this process is one of several jobs of the run
    needed: frozenset[str] | None = None

    @property
    def reports(self) -> RunReports:
        return self.run_of.reports

    def run(self) -> bool:
        """Run everything and exit with the exit code of the run."""
        try:
            settings = Settings.load(os.environ, {name: str(value) for name, value in self.config.userdata.items()})
            self.run_of = Run(settings, progress_for(sys.stdout, settings.ci, settings.quiet))
            if self.config.dry_run:
                raise SystemExit(self._preview())
            self.run_of.open()
        except HivecheckError as error:
            sys.stderr.write(f"REFUSED  {NOT_STARTED}\n{indent(str(error), '  ')}\nNO VERDICT  {NOT_STARTED} ({error.reason}) (exit 2)\n")
            raise SystemExit(2) from None
        self.signals = RunSignals(lambda: self.reports)
        self.signals.take()
        try:
            self._load_and_run()
        except KeyboardInterrupt:
            self.reports.interrupted_by = self.reports.interrupted_by or "SIGINT"
        except SETUP_ERRORS as error:
            self.reports.add_problem(NOT_STARTED, words(error), reason_of_set_up(error))
        except BaseException:
            self.reports.crash = traceback.format_exc()
        self.signals.ignore()
        raise SystemExit(self._close())

    def _preview(self) -> int:
        """Print the plan. Nothing starts, and no report is written."""
        self.run_of.preview()
        try:
            self.setup_paths()
            with self.path_manager:
                refused = {key: message for key, (message, _) in self._load().items()}
        except SETUP_ERRORS as error:
            raise UsageError(words(error)) from None
        return preview.write(sys.stdout, self.planned.values(), refused, self.run_of.settings)

    def _load(self) -> dict[str, tuple[str, str]]:
        """Load hooks, steps and features; returns what `_plan` returns."""
        parameter_types.register()
        self.context = Context(self)
        self.context.on_cleanup_error = self._clean_up_failed
        self.context.add_cleanup(self._end_abort)  # the first, so it is called last
        self._load_code()
        self.features.extend(feature_files.load(self._places(), self.config.lang))
        for word in self.config.tags or []:
            tags.must_be_selectable(word)
        return self._plan()

    def _load_and_run(self) -> None:
        self.setup_paths()
        with self.path_manager:
            refused = self._load()
            # behave's JUnit loses skip reasons and errors of hooks, and lets `a.b.feature` overwrite `a/b.feature`.
            # `reports/junit.py` replaces it.
            self.config.reporters = []
            self.formatters: list[Any] = []
            runnable = [planned for key, planned in self.planned.items() if key not in refused and not planned.unsupported_reason]
            if (jobs := self.run_of.job_count(runnable)) > 1:
                self._run_jobs(runnable, refused, jobs)
                return
            self._take_plan(refused)
            self.run_model()

    def _take_plan(self, refused: Mapping[str, tuple[str, str]], jobs: int = 1) -> None:
        self.run_of.take_plan(list(self.planned.values()), jobs)
        for key, words_of_it in refused.items():
            self.run_of.block(self.planned[key], *words_of_it, Reason.USAGE_ERROR)

    def _run_jobs(self, runnable: Sequence[Planned], refused: Mapping[str, tuple[str, str]], count: int) -> None:
        """Carry out the plan in several processes. This one assigns, collects, and runs no scenario."""
        lists = selection.lists_by_scenario(self.features)
        jobs = Jobs(self.reports, self.run_of.progress, self.run_of.schedule(runnable, count), stop_at_first_failure=self.config.stop)
        self.reports.plan = tuple(self.planned.values())
        reader, writer = os.pipe()
        # A signal waits until run and jobs have their handlers: it would leave one of them without the other.
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTIONS)
        # Before the plan is printed: a live display has a thread, and a fork must find none.
        jobs.start(count, lambda job: self._carry_out(job, lists))

        def pass_on(number: int, frame: FrameType | None) -> None:
            os.write(writer, bytes([number]))  # no exception here: it would tear a message of a job in two

        for number in INTERRUPTIONS:
            signal.signal(number, pass_on)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)
        self._take_plan(refused, count)
        jobs.supervise(reader)

    def _carry_out(self, job: Job, lists: Mapping[str, selection.Lists]) -> None:
        """The whole life of a job, in a process of its own."""
        self.job = self.signals.job = job
        self.run_of = self.run_of.of_job(job)
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)
            self.run_of.reopen_platform()
            self.run_model(self._assigned(job, lists))
        except KeyboardInterrupt:
            pass
        except SETUP_ERRORS as error:
            self.reports.add_problem(NOT_STARTED, words(error), reason_of_set_up(error))
        except BaseException:
            self.reports.crash = traceback.format_exc()
        self.signals.ignore()
        try:
            self.run_of.close_stacks()
        except BaseException:
            self.reports.crash = self.reports.crash or traceback.format_exc()
        job.send(Ended(self.reports.interrupted_by, self.reports.crash, self.reports.plan_files))

    def _assigned(self, job: Job, lists: Mapping[str, selection.Lists]) -> Iterator[Feature]:
        """The feature of each assigned scenario, with this scenario alone. behave then calls the hooks as in any run."""
        for assignment in job.assignments():
            self.needed = assignment.needed
            yield selection.reduce_to(lists[assignment.planned.key])
            if self.aborted:
                return

    def _load_code(self) -> None:
        """Hooks and steps. Raises UsageError with the place when one of their files cannot be loaded."""
        try:
            self.load_hooks()
            # Not behave.step_registry.registry: behave replaces that one at start, while step files go on filling its first.
            self.step_registry = the_step_registry
            self.load_step_definitions()
        except (UsageError, AmbiguousStep):
            raise
        except Exception as error:
            place = "".join(traceback.format_tb(error.__traceback__)[-1:] + traceback.format_exception_only(error))
            raise UsageError(f"expected: environment.py and steps/ load\nactual: {type(error).__name__}: {error}\n{place}") from error
        self.hooks: dict[str, Any] = {name: self._guarded(hook) for name, hook in self.hooks.items() if callable(hook)}
        for definitions in self.step_registry.steps.values():
            for definition in definitions:
                definition.func = never_leaving(definition.func)

    def _guarded(self, hook: Callable[..., object]) -> Callable[..., object]:
        """behave prints the error of a hook and continues with a stack in an unknown state. Here the error ends the run as a crash."""

        @functools.wraps(hook)
        def guarded(*args: object) -> None:
            try:
                hook(*args)
            except KeyboardInterrupt:
                raise
            except BaseException:
                self._crash()
                raise

        return guarded

    def _clean_up_failed(self, context: Context, cleanup: Callable[[], object], error: Exception) -> None:
        self._crash()

    def _crash(self) -> None:
        """The handled error is a defect of the harness. The first of several is the cause."""
        self.reports.crash = self.reports.crash or traceback.format_exc()
        self.abort(reason="the harness crashed")

    def abort(self, reason: str | None = None) -> None:
        """Start no further step. behave also prints the reason, as captured output of a hook, but the end of the run states it."""
        if self.context is not None:
            self.aborted = True

    def _end_abort(self) -> None:
        """After the last hook, the end of the run states the cause. behave would print `ABORTED: By user.` for any cause."""
        self.aborted = False

    def _places(self) -> list[FileLocation]:
        return [place for place in feature_files.places(self.config.paths) if not self.config.exclude(place)]

    def _plan(self) -> dict[str, tuple[str, str]]:
        """Check every tag, refuse scenarios without proof, plan the selected scenarios, and put them into the order of the seed.

        Returns the scenarios that cannot start, by key, each with its message and the whole text.
        """
        selection.must_be_tagged_well(self.features)
        feature_files.must_be_named(self.features, self.config.name or [])
        chosen = list(selection.selected(self.features, self.config))
        feature_lint.must_have_a_then(scenario for _, scenario in chosen)
        self.run_of.must_use_faults(self.config.userdata.keys(), [step.name for _, scenario in chosen for step in scenario.all_steps])
        self.blocked = set()
        missing_of = self.run_of.missing_capabilities
        plan = [self.run_of.admitted(selection.planned(feature, scenario, missing_of)) for feature, scenario in chosen]
        plan = self.run_of.narrowed(plan, lambda: feature_files.names(self.features))
        self.planned = {planned.key: planned for planned in plan}
        chosen = selection.narrowed(chosen, self.planned)
        refused = {}
        for _, scenario in chosen:
            planned = self.planned[selection.key(scenario)]
            if missing := selection.undefined(scenario, self.step_registry):
                refused[planned.key] = missing
            if missing or planned.unsupported_reason:
                scenario.mark_skipped()
        selection.shuffle(self.features, random.Random(self.run_of.settings.seed))
        return refused

    # -- called by the hooks --------------------------------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> Any:
        """The world of a scenario. Without a stack it is failed or blocked, and behave skips its steps."""
        planned = self.planned[selection.key(scenario)]
        if self.reports.interrupted_by:
            raise KeyboardInterrupt
        if self.aborted:
            return self._skip(scenario)  # behave goes on to the end of a feature after a failed start
        # A job leaves this to the run, which knows the outcomes of all jobs.
        if self.job is None and self.reports.block_after_failed_starts(planned):
            return self._skip(scenario)
        try:
            world = self.run_of.begin(planned, self.needed)
        except KeyboardInterrupt:
            raise
        except FailedSystemError as error:
            self.run_of.fail_at_start(planned, error)
            if self.config.stop:
                self.abort("the system under test failed at its start")  # behave takes this failed scenario for a skipped one
            return self._skip(scenario)
        except Exception as error:
            is_start = isinstance(error, SetupError)
            self.run_of.block(
                planned, f"set-up failed: {one_line(error)}", words(error), reason_of_set_up(error), is_start_failure=is_start
            )
            return self._skip(scenario)
        timeouts = self.run_of.timeouts
        budget = timeouts.slow_scenario if "slow" in scenario.effective_tags else timeouts.scenario
        self.signals.scenario_opened(self.run_of.settings.scenario_seconds or budget)
        return world

    def _skip(self, scenario: Scenario) -> None:
        """This scenario has its outcome already, or starts no more. behave runs none of its steps."""
        self.blocked.add(selection.key(scenario))
        scenario.mark_skipped()

    def finish(self, scenario: Scenario) -> None:
        """Record the end of a scenario, unless it was skipped."""
        self.signals.steps_ended()
        if selection.key(scenario) not in self.blocked:
            self.run_of.finish(self.planned[selection.key(scenario)], self._result(scenario))
        self.signals.scenario_closed()

    def _result(self, scenario: Scenario) -> ScenarioResult:
        for step in scenario.all_steps:
            if step.status is BehaveStatus.passed:
                continue
            text, error = f"{step.keyword} {step.name}", step.exception
            if step.status is BehaveStatus.failed and isinstance(error, AssertionError):
                return ScenarioResult(Status.FAILED, text, one_line(error), words(error))
            if isinstance(error, NotSupportedError):
                return ScenarioResult(Status.NOT_SUPPORTED, text, one_line(error))
            if signal_name := self.reports.interrupted_by:
                return ScenarioResult(Status.NOT_RUN, text, f"interrupted by {signal_name}", reason=Reason.INTERRUPTED)
            if step.status is BehaveStatus.untested:
                return ScenarioResult(Status.NOT_RUN, text, "the run was aborted", reason=Reason.HARNESS_ERROR)
            if step.status is BehaveStatus.skipped:
                return ScenarioResult(Status.INCONCLUSIVE, text, SKIPPED_BY_STEP, SKIPPED_NEXT, Reason.USAGE_ERROR)
            return ScenarioResult(Status.INCONCLUSIVE, text, one_line(error), words(error), reason_of(error))
        return ScenarioResult(Status.PASSED)

    def _close(self) -> int:
        try:
            code = self.run_of.close()
            for line in self.run_of.kept_words():
                sys.stdout.write(line + "\n")
            sys.stdout.flush()
        except BaseException:
            sys.stderr.write(f"{traceback.format_exc()}\nHARNESS CRASHED while it cleaned up (exit 3)\n")
            return 3
        return code


def run_features(options: list[str]) -> int:
    """Run behave with these command-line options and the runner of hivecheck; exits with the exit code of the run.

    Raises UsageError for options that behave refuses.
    """
    try:
        configuration = Configuration(options)
    except (ConfigError, TagExpressionError) as error:
        raise UsageError(str(error)) from None
    HivecheckRunner(configuration).run()
    return 3  # not reached: `run` exits


def runner_of(context: Context) -> HivecheckRunner:
    """The runner of hivecheck, for the hooks. Raises UsageError under any other, because its exit codes have another meaning."""
    runner = context._runner
    if not isinstance(runner, HivecheckRunner):
        raise UsageError(
            f"expected: the runner of hivecheck\nactual: {type(runner).__name__}\n"
            "next: run behave from the root of the project, where setup.cfg names the runner"
        )
    return runner
