"""The checker: what a step raises for each verdict of a check."""

from __future__ import annotations

from typing import cast

import pytest

from hivecheck.errors import InconclusiveError, Reason, ScenarioTimeoutError
from hivecheck.history import Event, History
from hivecheck.stack.log_tail import LogTail
from hivecheck.timeouts import Timeouts
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.world.checker import Checker

TIMEOUTS = Timeouts(settling=0.05)


class QuietTail:
    """A stack whose nodes write nothing."""

    def journal_lines(self) -> list[Event]:
        return []

    def log_lines(self) -> list[Event]:
        return []


def good(history: History) -> Verdict:
    return passed("fine")


def bad(history: History) -> Verdict:
    return failed(expected="one", actual="two")


def late(history: History) -> Verdict:
    return inconclusive(expected="a load on schedule", actual="3 s late", reason=Reason.LOAD_OFF_SCHEDULE)


def unmeasured(history: History) -> Verdict:
    raise InconclusiveError("no load")


def crashing(history: History) -> Verdict:
    raise ZeroDivisionError("no requests")


@pytest.fixture
def checker() -> Checker:
    return Checker(History(), cast(LogTail, QuietTail()), TIMEOUTS, lambda purpose: None)


def test_passed_check_raises_nothing(checker: Checker) -> None:
    """A passed check ends the step without an exception."""
    checker.must(good)


def test_failed_check_is_an_assertion(checker: Checker) -> None:
    """A failed check raises AssertionError with its message."""
    with pytest.raises(AssertionError, match="actual: two"):
        checker.must(bad)


@pytest.mark.parametrize(
    ("check", "reason"), [(late, Reason.LOAD_OFF_SCHEDULE), (unmeasured, Reason.TOO_LITTLE_DATA), (crashing, Reason.HARNESS_ERROR)]
)
def test_inconclusive_check_has_a_reason(checker: Checker, check: object, reason: Reason) -> None:
    """The step raises InconclusiveError with the check's reason code, and a crash of the check is an error of the harness."""
    with pytest.raises(InconclusiveError) as raised:
        checker.must(check)  # type: ignore[arg-type]
    assert raised.value.reason is reason


def test_time_budget_ends_before_first_verdict() -> None:
    """The end of the scenario's time budget is the error of a step that had no verdict yet."""

    class SlowTail(QuietTail):
        def journal_lines(self) -> list[Event]:
            raise ScenarioTimeoutError("still runs")

    with pytest.raises(ScenarioTimeoutError):
        Checker(History(), cast(LogTail, SlowTail()), TIMEOUTS, lambda purpose: None).must(good)
