"""The signals of a run: an interruption ends a step or a set-up, and waits for the clean-up of a scenario. Plans and cleans nothing."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable
from types import FrameType

from hivecheck.bdd.step_errors import is_in_step
from hivecheck.errors import ScenarioTimeoutError
from hivecheck.run.jobs import Job
from hivecheck.run.run_reports import RunReports

# A time-out or an interruption between two steps, or one that the step ignored, is raised again after this time. Python drops an
# exception that a signal handler raises within a finalizer.
AGAIN_SECONDS = 1.0
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RunSignals:
    """`take` and `ignore` set the handlers of this process. `reports` gets the name of an interruption."""

    job: Job | None = None  # this process is one of several jobs of the run

    def __init__(self, reports: Callable[[], RunReports]) -> None:
        self._reports = reports
        self._is_scenario_open = False

    def take(self) -> None:
        """An interruption raises KeyboardInterrupt, the end of a scenario's time ScenarioTimeoutError."""
        for number in INTERRUPTIONS:
            # KeyboardInterrupt for SIGTERM too: by default it ends behave without hooks, cleanup or report.
            signal.signal(number, self._interrupt)
        signal.signal(signal.SIGALRM, self._time_out)

    def ignore(self) -> None:
        """From here on the run cleans up and writes reports. If it is killed, the watchdog cleans up."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in INTERRUPTIONS:
            signal.signal(number, signal.SIG_IGN)

    def scenario_opened(self, seconds: float) -> None:
        """The scenario may last so long. From here on an interruption is raised within a step only."""
        self._is_scenario_open = True
        signal.setitimer(signal.ITIMER_REAL, seconds)
        self._raise_if_interrupted()

    def steps_ended(self) -> None:
        """No time budget from here on. An interruption waits: half a clean-up leaves nodes behind, and half a report."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def scenario_closed(self) -> None:
        """The scenario is cleaned up. Raises KeyboardInterrupt if an interruption waits."""
        self._is_scenario_open = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._raise_if_interrupted()

    def _raise_if_interrupted(self) -> None:
        if self._reports().interrupted_by:
            raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        reports = self._reports()
        # A terminal sends ctrl-C to each job, and the run sends it once more.
        if self.job and reports.interrupted_by:
            return
        reports.interrupted_by = signal.Signals(number).name
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        if self._is_scenario_open and not is_in_step(frame):
            return
        if not (self.job and self.job.postpones()):
            raise KeyboardInterrupt

    def _time_out(self, number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
        if not is_in_step(frame):
            return  # behave would handle the exception as its own
        self._raise_if_interrupted()
        place = "".join(traceback.format_stack(frame)[-4:])
        raise ScenarioTimeoutError(f"expected: the scenario ends within its time budget\nactual: it still runs, here:\n{place}")
