"""Our behave runner: plan first, seeded order, every ending mapped to an exit code. All that knows behave's insides is here.

Exit codes: 0 proven, 1 the system under test is wrong, 2 no verdict, 3 the harness crashed (`reports/plan.py` decides).
"""

from __future__ import annotations

import functools
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

from behave.configuration import Configuration
from behave.exception import ConfigError, TagExpressionError
from behave.model import Scenario
from behave.model_type import FileLocation
from behave.model_type import Status as BehaveStatus
from behave.runner import Context, Runner, the_step_registry
from behave.step_registry import AmbiguousStep

from hivecheck import tags
from hivecheck.bdd import feature_files, feature_lint, parameter_types, selection
from hivecheck.bdd.step_errors import SETUP_ERRORS, is_in_step, never_leaving, one_line, words
from hivecheck.errors import HivecheckError, NotSupportedError, ScenarioTimeoutError, UsageError
from hivecheck.reports.console import progress_for
from hivecheck.reports.result import Planned, Status
from hivecheck.run.run import Run, ScenarioResult
from hivecheck.settings import Settings

# How soon a time-out or an interruption is raised again when it came between two steps, or when the step went on all the same: Python
# drops an exception that a signal handler raises within a finalizer.
AGAIN_SECONDS = 1.0


class HivecheckRunner(Runner):  # type: ignore[misc]
    """What `behave` and `hivecheck run` both use; `behave.ini`-style options keep their meaning."""

    run_of: Run
    planned: dict[str, Planned]
    blocked: set[str]

    def run(self) -> bool:
        """Run everything and end the process with our exit code."""
        try:
            settings = Settings.load(os.environ, {name: str(value) for name, value in self.config.userdata.items()})
            self.run_of = Run(settings, progress_for(sys.stdout, settings.ci))
            self.run_of.open()
        except HivecheckError as error:
            sys.stderr.write(f"NO VERDICT  {error} (exit 2)\n")
            raise SystemExit(2) from None
        self._take_signals()
        try:
            self._load_and_run()
        except KeyboardInterrupt:
            self.run_of.interrupted_by = self.run_of.interrupted_by or "SIGINT"
        except SETUP_ERRORS as error:
            self.run_of.add_finding(f"set-up failed: {type(error).__name__}", words(error), is_ours=True)
        except BaseException:
            self.run_of.crash = traceback.format_exc()
        self._ignore_signals()
        raise SystemExit(self._close())

    def _load_and_run(self) -> None:
        self.setup_paths()
        with self.path_manager:
            parameter_types.register()
            self.context = Context(self)
            self.context.on_cleanup_error = self._clean_up_broke
            self._load_code()
            self.features.extend(feature_files.load(self._places(), self.config.lang))
            for word in self.config.tags or []:
                tags.must_be_selectable(word)
            self._plan()
            self.config.reporters = []
            self.formatters: list[Any] = []
            self.run_model()

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
            raise UsageError(f"environment.py and steps/ must load, but:\n{place}") from error
        self.hooks: dict[str, Any] = {name: self._guarded(hook) for name, hook in self.hooks.items() if callable(hook)}
        for definitions in self.step_registry.steps.values():
            for definition in definitions:
                definition.func = never_leaving(definition.func)

    def _guarded(self, hook: Callable[..., object]) -> Callable[..., object]:
        """behave prints the error of a hook and goes on, with a stack nobody has looked after: here it ends the run as a crash."""

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

    def _clean_up_broke(self, context: Context, cleanup: Callable[[], object], error: Exception) -> None:
        self._crash()

    def _crash(self) -> None:
        """The error being handled is ours; the first of several is the cause."""
        self.run_of.crash = self.run_of.crash or traceback.format_exc()
        self.abort(reason="the harness crashed")

    def _places(self) -> list[FileLocation]:
        return [place for place in feature_files.places(self.config.paths) if not self.config.exclude(place)]

    # -- plan ---------------------------------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Lint every tag, refuse what could only pass, find what is selected, and put it into the order of the seed."""
        selection.must_be_tagged_well(self.features)
        feature_files.must_be_named(self.features, self.config.name or [])
        chosen = list(selection.selected(self.features, self.config))
        feature_lint.must_have_a_then(scenario for _, scenario in chosen)
        self.blocked = set()
        plan = [
            self.run_of.admitted(selection.planned(feature, scenario, self.run_of.missing_capabilities)) for feature, scenario in chosen
        ]
        self.planned = {planned.key: planned for planned in plan}
        self.run_of.take_plan(list(self.planned.values()))
        for _, scenario in chosen:
            planned = self.planned[selection.key(scenario)]
            missing = selection.undefined(scenario, self.step_registry)
            if missing:
                self.run_of.block(planned, *missing)
            if missing or planned.unsupported_reason:
                scenario.mark_skipped()
        selection.shuffle(self.features, random.Random(self.run_of.settings.seed))

    # -- what the hooks call --------------------------------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> Any:
        """The world of a scenario; a failure blocks it, and behave skips its steps."""
        planned = self.planned[selection.key(scenario)]
        try:
            world = self.run_of.begin(planned, is_own="fresh_stack" in scenario.effective_tags)
        except KeyboardInterrupt:
            raise
        except Exception as error:
            self.run_of.block(planned, f"set-up failed: {one_line(error)}", words(error))
            self.blocked.add(planned.key)
            scenario.mark_skipped()
            return None
        seconds = self.run_of.settings.scenario_seconds or self.run_of.timeouts.scenario
        signal.setitimer(signal.ITIMER_REAL, seconds)
        if self.run_of.interrupted_by:
            raise KeyboardInterrupt
        return world

    def finish(self, scenario: Scenario) -> None:
        """Record how a scenario ended; one that was blocked has its outcome already."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        if selection.key(scenario) not in self.blocked:
            self.run_of.finish(self.planned[selection.key(scenario)], self._ending(scenario))

    def _ending(self, scenario: Scenario) -> ScenarioResult:
        for step in scenario.all_steps:
            if step.status is BehaveStatus.passed:
                continue
            said, error = f"{step.keyword} {step.name}", step.exception
            if step.status is BehaveStatus.failed and isinstance(error, AssertionError):
                return ScenarioResult(Status.FAILED, said, one_line(error), words(error))
            if isinstance(error, NotSupportedError):
                return ScenarioResult(Status.NOT_SUPPORTED, said, one_line(error))
            if self.run_of.interrupted_by or step.status is BehaveStatus.untested:
                return ScenarioResult(Status.NOT_RUN, said, f"interrupted by {self.run_of.interrupted_by or 'an abort'}")
            if step.status is BehaveStatus.skipped:
                return ScenarioResult(Status.INCONCLUSIVE, said, "skipped by a step: a scenario must not decide that itself; use a tag")
            return ScenarioResult(Status.INCONCLUSIVE, said, one_line(error), words(error))
        return ScenarioResult(Status.PASSED)

    # -- signals ------------------------------------------------------------------------------------------------------------------

    def _take_signals(self) -> None:
        def interrupt(number: int, frame: FrameType | None) -> None:
            self.run_of.interrupted_by = signal.Signals(number).name
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
            raise KeyboardInterrupt

        def time_out(number: int, frame: FrameType | None) -> None:
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
            if not is_in_step(frame):
                return  # behave would take the exception for its own
            if self.run_of.interrupted_by:
                raise KeyboardInterrupt
            place = "".join(traceback.format_stack(frame)[-4:])
            raise ScenarioTimeoutError(f"expected: the scenario to end within its time budget\nactual: it still ran, here:\n{place}")

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupt)
        signal.signal(signal.SIGALRM, time_out)

    def _ignore_signals(self) -> None:
        """From here on the run is being cleaned up and reported; if that is killed too, the watchdog does it."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

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
    """What `behave` does with these command-line options, always with our runner; ends the process with the run's exit code.

    Raises UsageError for options that behave refuses.
    """
    try:
        configuration = Configuration(options)
    except (ConfigError, TagExpressionError) as error:
        raise UsageError(str(error)) from None
    HivecheckRunner(configuration).run()
    return 3  # not reached: `run` ends the process


def runner_of(context: Context) -> HivecheckRunner:
    """Our runner, for the hooks. Raises UsageError under any other, whose exit code nobody could trust."""
    runner = context._runner
    if not isinstance(runner, HivecheckRunner):
        raise UsageError("These features need hivecheck's runner: run behave from the project's root, where setup.cfg names it.")
    return runner
