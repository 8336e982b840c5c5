"""Which of the selected scenarios this run takes: those of a rerun, those of its part. And how their outcomes count."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

from hivecheck.reports import split
from hivecheck.reports.result import Outcome, Planned, Split
from hivecheck.run import known_failures, rerun_plan
from hivecheck.run.known_failures import Existing
from hivecheck.settings import Settings
from hivecheck.wording import agreeing, counted


class Narrowing:
    """Reads the known failures and the earlier run. Raises UsageError for a wrong file."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        # Without a time zone, so that the parts of a plan agree wherever they run.
        self._known = known_failures.load(settings.known_failures, datetime.datetime.now(datetime.UTC).date())
        self._rerun = rerun_plan.load(Path(settings.rerun_failed), folder) if settings.rerun_failed else None

    def narrowed(
        self, plan: Sequence[Planned], seconds: Callable[[Planned], float], existing: Existing, say: Callable[[str], None]
    ) -> tuple[list[Planned], Split]:
        """The scenarios of this run, and its part of the plan. `existing` has each scenario of the project. Raises UsageError."""
        self._known.must_exist(plan, existing)
        whole = list(plan)
        if self._rerun:
            whole = self._rerun.narrowed(plan, existing)
            did = agreeing(len(self._rerun.earlier), "scenario that did", "scenarios that did")
            say(f"rerun of {self._settings.rerun_failed}: {len(whole)} of {len(self._rerun.earlier)} {did} not pass")
        part = self._settings.split
        # An unsupported scenario does not run, so it takes no time.
        own, cut = split.part_of(whole, lambda planned: 0.0 if planned.unsupported_reason else seconds(planned), part.number, part.count)
        if part.count > 1:
            say(f"{cut}: {len(own)} of {counted(len(whole), 'scenario')}")
        return own, cut

    def judged(self, outcome: Outcome) -> Outcome:
        """The outcome, given the known failures and the earlier run."""
        outcome = self._known.judged(outcome)
        return self._rerun.judged(outcome) if self._rerun else outcome
