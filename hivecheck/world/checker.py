"""Brings the facts together and has a check judge them. Facts that are still on their way get the settling budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hivecheck.checks import CHECKS
from hivecheck.errors import HivecheckError, InconclusiveError, UsageError
from hivecheck.history import History
from hivecheck.stack.log_tail import LogTail
from hivecheck.timeouts import Timeouts
from hivecheck.verdict import Answer, Verdict, inconclusive
from hivecheck.waiting import EVERY_SECONDS, eventually


@dataclass
class Checker:
    """`tail` reads what nodes wrote since the scenario began; `finish_calls` waits for the calls of one purpose, or for all of them."""

    history: History
    tail: LogTail
    timeouts: Timeouts
    finish_calls: Callable[[str | None], None]
    allowances: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # check -> limits that the target has instead of ours

    def must(self, check: str, **limits: Any) -> None:
        """Judge history by a check once every call that it is about has ended; raises AssertionError or InconclusiveError.

        A check of one `purpose` does not wait for the others: what they keep going is what it may be about.

        History only grows, and a journal or log line may arrive a moment after the answer: so a verdict that is not good is judged
        again until the settling budget is over. A wrong that was done stays in history, so waiting cannot make it good.
        """
        if check not in CHECKS:
            raise UsageError(f"There is no check {check!r}. Known: {', '.join(CHECKS)}. Checks are rows in hivecheck/checks/__init__.py.")
        self.finish_calls(limits.get("purpose"))
        verdicts: list[Verdict] = []

        def judged() -> bool:
            self.observe()
            verdicts.append(_judge(check, self.history, {**limits, **self.allowances.get(check, {})}))
            return verdicts[-1].answer is Answer.PASSED

        try:
            eventually(judged, within=self.timeouts.settling, what=check, every=EVERY_SECONDS)
        except HivecheckError:
            verdicts[-1].enforce()

    def observe(self) -> None:
        """Take new journal and log lines into history."""
        for event in [*self.tail.journal_lines(), *self.tail.log_lines()]:
            self.history.record(event)

    def has_arrived(self, request_id: str) -> bool:
        """Whether a worker's journal shows this request."""
        self.observe()
        return bool(self.history.journal("arrival", request_id))


def _judge(check: str, history: History, limits: dict[str, Any]) -> Verdict:
    try:
        return CHECKS[check](history, **limits)
    except InconclusiveError as error:
        return Verdict(Answer.INCONCLUSIVE, str(error))
    except Exception as error:  # a check that crashes has judged nothing: neither good nor bad
        return inconclusive(expected=f"check {check} judges", actual=f"it crashed: {type(error).__name__}: {error}")
