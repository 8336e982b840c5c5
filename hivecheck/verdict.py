"""What a check says: passed, failed or inconclusive. Worst wins: a failure outweighs a doubt, a doubt outweighs a pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from hivecheck.errors import InconclusiveError


class Answer(StrEnum):
    """The three answers of a check."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


_RANK = {Answer.PASSED: 0, Answer.INCONCLUSIVE: 1, Answer.FAILED: 2}


@dataclass(frozen=True)
class Verdict:
    """An answer and its reason: what was wanted and what came, in words."""

    answer: Answer
    reason: str

    def enforce(self) -> None:
        """Raise AssertionError if failed, InconclusiveError if inconclusive."""
        if self.answer is Answer.FAILED:
            raise AssertionError(self.reason)
        if self.answer is Answer.INCONCLUSIVE:
            raise InconclusiveError(self.reason)


def passed(reason: str) -> Verdict:
    return Verdict(Answer.PASSED, reason)


def failed(*, expected: str, actual: str) -> Verdict:
    return Verdict(Answer.FAILED, f"expected: {expected}\nactual: {actual}")


def inconclusive(*, expected: str, actual: str) -> Verdict:
    return Verdict(Answer.INCONCLUSIVE, f"expected: {expected}\nactual: {actual}")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; nothing judged at all is inconclusive."""
    ranked = sorted(verdicts, key=lambda verdict: _RANK[verdict.answer], reverse=True)
    return ranked[0] if ranked else inconclusive(expected="something to judge", actual="nothing")
