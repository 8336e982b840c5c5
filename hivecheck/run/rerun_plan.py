"""What did not pass in an earlier run: the plan of a rerun, and how its outcomes count. A scenario is known by its file and name."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hivecheck.errors import ReportError, UsageError
from hivecheck.reports import result_data
from hivecheck.reports.result import NO_VERDICT, Outcome, Planned, Status
from hivecheck.run.known_failures import Existing, Name, noted
from hivecheck.wording import counted, listed

COPY = "earlier-result.json"  # in the folder of the rerun, which overwrites the reports of the earlier run
NOT_PASSED = (Status.FAILED, *NO_VERDICT)
STARTED = (Status.FAILED, Status.INCONCLUSIVE)  # a scenario that did not start in the earlier run has its first verdict now
NAMES_SHOWN = 10


@dataclass(frozen=True)
class RerunPlan:
    """The scenarios to repeat, each with its outcomes of the earlier run."""

    source: str
    copy: Path
    earlier: dict[Name, tuple[Outcome, ...]]

    def narrowed(self, plan: Sequence[Planned], existing: Existing) -> list[Planned]:
        """What to repeat of the selected scenarios. Raises UsageError for none, and for a scenario that does not exist any more."""
        repeated = [planned for planned in plan if planned.identity in self.earlier]
        lost = set(self.earlier) - {planned.identity for planned in repeated}
        gone = sorted(name for file, name in (lost - existing() if lost else ()))
        if gone:
            more = f" and {len(gone) - NAMES_SHOWN} more" if len(gone) > NAMES_SHOWN else ""
            raise self._refusal(
                f"each scenario that did not pass in {self.source} exists",
                f"there is no {listed(map(repr, gone[:NAMES_SHOWN]))}{more} in its file",
                f"run the scenarios that replace them; a copy of the earlier result is {self.copy}",
            )
        if not self.earlier:
            raise self._refusal(f"a scenario that did not pass in {self.source}", "none", "there is nothing to run again")
        if not repeated:
            actual = f"none of its {counted(len(self.earlier), 'scenario')}"
            raise self._refusal("a selected scenario that did not pass there", actual, "leave the FEATURE, --tags and --name out")
        return repeated

    def judged(self, outcome: Outcome) -> Outcome:
        """The outcome, given the earlier run: a scenario that ran there without a pass and passes here is flaky."""
        attempts = [attempt for one in self.earlier.get(outcome.planned.identity, ()) for attempt in (*one.attempts(), one)]
        ran = [attempt for attempt in attempts if attempt.status in STARTED]
        if not ran or outcome.status not in (Status.PASSED, *NOT_PASSED):
            return outcome
        earlier = ran[-1]
        if outcome.status is not Status.PASSED:
            return noted(replace(outcome, earlier=earlier), f"rerun: it was {earlier.status} in {self.source} too")
        return noted(
            replace(
                outcome,
                status=Status.FLAKY,
                step=earlier.step,
                message=earlier.message or f"it was {earlier.status} in {self.source}",
                detail=earlier.detail,
                evidence=earlier.evidence,
                seed=earlier.seed,
                earlier=earlier,
            ),
            f"rerun: it passed, and was {earlier.status} in {self.source}",
        )

    def _refusal(self, expected: str, actual: str, next_step: str) -> UsageError:
        return UsageError(f"expected: {expected}\nactual: {actual}\nnext: {next_step}")


def load(path: Path, folder: Path) -> RerunPlan:
    """The plan from a `result.json`. A copy goes into `folder`, that of the rerun. Raises UsageError for a missing or other file."""
    copy = folder / COPY
    try:
        outcomes = result_data.outcomes(path)
        seed = result_data.read(path).get("seed")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    except (OSError, ReportError) as error:
        raise UsageError(str(error)) from error
    earlier: dict[Name, tuple[Outcome, ...]] = {}
    for outcome in outcomes:
        if outcome.status in NOT_PASSED:
            seeded = outcome if outcome.seed is not None else replace(outcome, seed=seed)
            earlier[outcome.planned.identity] = (*earlier.get(outcome.planned.identity, ()), seeded)
    return RerunPlan(str(path), copy, earlier)
