"""Verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.errors import InconclusiveError, Reason
from hivecheck.verdict import Answer, Verdict, failed, inconclusive, passed, worst

ANSWERS = st.lists(st.sampled_from(Answer), min_size=1)


def verdict(answer: Answer, message: str = "") -> Verdict:
    return Verdict(answer, message, Reason.TOO_LITTLE_DATA if answer is Answer.INCONCLUSIVE else None)


def test_passed_raises_nothing() -> None:
    """A pass ends the step without an exception."""
    passed("fine").enforce()


def test_failed_is_an_assertion() -> None:
    """A failure raises AssertionError with the expected and the actual state."""
    with pytest.raises(AssertionError, match="expected: one\nactual: two"):
        failed(expected="one", actual="two").enforce()


def test_inconclusive_is_no_assertion() -> None:
    """A missing fact raises InconclusiveError with the code for too little data."""
    with pytest.raises(InconclusiveError, match="expected: one\nactual: nothing") as raised:
        inconclusive(expected="one", actual="nothing").enforce()
    assert raised.value.reason is Reason.TOO_LITTLE_DATA


def test_inconclusive_keeps_its_reason() -> None:
    """The reason code of the verdict reaches the exception."""
    with pytest.raises(InconclusiveError) as raised:
        inconclusive(expected="a load on schedule", actual="3 s late", reason=Reason.LOAD_OFF_SCHEDULE).enforce()
    assert raised.value.reason is Reason.LOAD_OFF_SCHEDULE


@pytest.mark.parametrize(
    ("answer", "reason"), [(Answer.INCONCLUSIVE, None), (Answer.PASSED, Reason.TIMEOUT), (Answer.FAILED, Reason.TIMEOUT)]
)
def test_reason_belongs_to_inconclusive(answer: Answer, reason: Reason | None) -> None:
    """An inconclusive verdict without a reason code is refused, and so is any other verdict with one."""
    with pytest.raises(ValueError, match="reason code"):
        Verdict(answer, "text", reason)


def test_no_verdict_is_inconclusive() -> None:
    """Nothing to judge is never a pass."""
    assert worst([]).answer is Answer.INCONCLUSIVE


@given(ANSWERS)
def test_worst_answer_wins(answers: list[Answer]) -> None:
    """Failed outranks inconclusive, and inconclusive outranks passed."""
    actual = worst(verdict(answer, f"{place}") for place, answer in enumerate(answers)).answer
    ranking = [answer for answer in (Answer.FAILED, Answer.INCONCLUSIVE, Answer.PASSED) if answer in answers]
    assert actual is ranking[0]


@given(ANSWERS)
def test_first_among_equals(answers: list[Answer]) -> None:
    """Of several equally bad verdicts the first one is reported."""
    verdicts = [verdict(answer, f"{place}") for place, answer in enumerate(answers)]
    assert worst(verdicts) == next(one for one in verdicts if one.answer is worst(verdicts).answer)
