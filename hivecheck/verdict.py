"""The result of a check: passed, failed or inconclusive. The worst wins: failed before inconclusive, inconclusive before passed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hivecheck.errors import InconclusiveError, Reason


class Answer(StrEnum):
    """The three answers of a check."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


# A proven failure stays one, whatever else lacks facts. An inconclusive check must not count as a pass.
_RANK = {Answer.PASSED: 0, Answer.INCONCLUSIVE: 1, Answer.FAILED: 2}


@dataclass(frozen=True)
class Verdict:
    """An answer and its message: what was expected and what was observed. An inconclusive one, and no other, has a reason code."""

    answer: Answer
    message: str
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if (self.answer is Answer.INCONCLUSIVE) is not (self.reason is not None):
            raise ValueError(f"a verdict has a reason code exactly if it is inconclusive, but this one is {self.answer} with {self.reason}")

    def enforce(self) -> None:
        """Raise AssertionError if failed, InconclusiveError with the reason code if inconclusive."""
        if self.answer is Answer.FAILED:
            raise AssertionError(self.message)
        if self.answer is Answer.INCONCLUSIVE:
            raise InconclusiveError(self.message, reason=self.reason)


def passed(message: str) -> Verdict:
    """A pass. The message states the figures that were judged."""
    return Verdict(Answer.PASSED, message)


def failed(*, expected: str, actual: str) -> Verdict:
    """The system under test is wrong."""
    return Verdict(Answer.FAILED, f"expected: {expected}\nactual: {actual}")


def inconclusive(*, expected: str, actual: str, remedy: str = "", reason: Reason = Reason.TOO_LITTLE_DATA) -> Verdict:
    """The check has no answer. `expected` states the facts that it needs, `actual` the facts that history has, `remedy` what to do next."""
    advice = f"\nnext: {remedy}" if remedy else ""
    return Verdict(Answer.INCONCLUSIVE, f"expected: {expected}\nactual: {actual}{advice}", reason)


def no_room(*, expected: str, actual: str) -> Verdict:
    """Inconclusive, because what the requirement forbids was not possible. `expected` states what makes it possible."""
    return inconclusive(expected=expected, actual=actual, remedy="give the forbidden outcome room", reason=Reason.NO_ROOM)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several, the first among equals. No verdict at all is inconclusive."""
    # sorted() is stable, so the first among equals stays first.
    ranked = sorted(verdicts, key=lambda verdict: _RANK[verdict.answer], reverse=True)
    return ranked[0] if ranked else inconclusive(expected="at least one request to judge", actual="none")
