"""Collects the facts and has a check judge them. Facts that have not arrived yet get the settling budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Concatenate, ParamSpec

from hivecheck.errors import HivecheckError, InconclusiveError, Reason
from hivecheck.history import History
from hivecheck.stack.log_tail import LogTail
from hivecheck.timeouts import Timeouts
from hivecheck.verdict import Answer, Verdict, inconclusive
from hivecheck.waiting import EVERY_SECONDS, eventually

Limits = ParamSpec("Limits")
Check = Callable[Concatenate[History, Limits], Verdict]


@dataclass
class Checker:
    """`tail` reads what nodes wrote since the scenario began. `finish_calls` waits for the calls of one purpose, or for all of them."""

    history: History
    tail: LogTail
    timeouts: Timeouts
    finish_calls: Callable[[str | None], None]
    allowances: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # check -> limits that the target has instead of ours

    def must(self, check: Check[Limits], *args: Limits.args, **limits: Limits.kwargs) -> None:
        """Judge history by a check once every call that it is about has ended. Raises AssertionError or InconclusiveError.

        A check of one `purpose` does not wait for calls of other purposes, because it may be about what they keep running.

        A journal or log line may arrive a moment after its response. The check therefore repeats until it passes or the settling
        budget is over. History only grows, so a defect that it shows does not disappear.
        """
        purpose = limits.get("purpose")
        self.finish_calls(purpose if isinstance(purpose, str) else None)
        verdicts: list[Verdict] = []

        def judged() -> bool:
            self.observe()
            verdicts.append(
                _judge(check.__name__, partial(check, self.history, *args, **{**limits, **self.allowances.get(check.__name__, {})}))
            )
            return verdicts[-1].answer is Answer.PASSED

        try:
            eventually(judged, within=self.timeouts.settling, what=check.__name__, every=EVERY_SECONDS)
        except HivecheckError:
            if not verdicts:  # the time budget of the scenario ended before the first verdict
                raise
            verdicts[-1].enforce()

    def observe(self) -> None:
        """Take new journal and log lines into history."""
        for event in [*self.tail.journal_lines(), *self.tail.log_lines()]:
            self.history.record(event)

    def has_arrived(self, request_id: str) -> bool:
        """Whether a worker's journal shows this request."""
        self.observe()
        return bool(self.history.journal("arrival", request_id))


def _judge(name: str, judged: Callable[[], Verdict]) -> Verdict:
    try:
        return judged()
    except InconclusiveError as error:
        return Verdict(Answer.INCONCLUSIVE, str(error), error.reason)
    except Exception as error:  # a check that crashes has judged nothing: the system under test is neither right nor wrong
        return inconclusive(
            expected=f"a verdict of the check {name}",
            actual=f"it crashed with {type(error).__name__}: {error}",
            reason=Reason.HARNESS_ERROR,
        )
