"""Verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.errors import InconclusiveError
from hivecheck.verdict import Answer, Verdict, failed, inconclusive, passed, worst

ANSWERS = st.lists(st.sampled_from(Answer), min_size=1)


def test_a_pass_raises_nothing() -> None:
    passed("fine").enforce()


def test_a_failure_is_an_assertion_with_what_was_wanted_and_what_came() -> None:
    with pytest.raises(AssertionError, match="expected: one\nactual: two"):
        failed(expected="one", actual="two").enforce()


def test_a_doubt_is_no_assertion() -> None:
    with pytest.raises(InconclusiveError, match="expected: one\nactual: nothing"):
        inconclusive(expected="one", actual="nothing").enforce()


def test_nothing_judged_is_a_doubt() -> None:
    assert worst([]).answer is Answer.INCONCLUSIVE


@given(ANSWERS)
def test_a_failure_outweighs_a_doubt_and_a_doubt_a_pass(answers: list[Answer]) -> None:
    actual = worst(Verdict(answer, f"{place}") for place, answer in enumerate(answers)).answer
    ranking = [answer for answer in (Answer.FAILED, Answer.INCONCLUSIVE, Answer.PASSED) if answer in answers]
    assert actual is ranking[0]


@given(ANSWERS)
def test_of_equals_the_first_is_told(answers: list[Answer]) -> None:
    verdicts = [Verdict(answer, f"{place}") for place, answer in enumerate(answers)]
    assert worst(verdicts) == next(verdict for verdict in verdicts if verdict.answer is worst(verdicts).answer)
