"""Time budgets."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.errors import UsageError
from hivecheck.timeouts import Timeouts, sentences


@given(st.floats(0.01, 100))
def test_scaling_stretches_every_budget_alike(factor: float) -> None:
    assert asdict(Timeouts().scaled(factor)) == {name: seconds * factor for name, seconds in asdict(Timeouts()).items()}


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_a_scale_that_leaves_no_time_is_refused(factor: float) -> None:
    with pytest.raises(UsageError, match="expected a number above 0"):
        Timeouts().scaled(factor)


def test_every_budget_is_found_by_its_words() -> None:
    budgets = Timeouts()
    assert [budgets.named(words) for words, _, _ in sentences()] == list(asdict(budgets).values())


def test_an_unknown_budget_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no time budget 'coffee break'. Known: node ready, .*Budgets are declared in"):
        Timeouts().named("coffee break")


def test_every_budget_is_more_than_nothing_and_explained_in_one_sentence() -> None:
    told = sentences()
    assert len(told) == len(fields(Timeouts))
    for name, seconds, sentence in told:
        assert seconds > 0, name
        assert sentence[0].isupper() and sentence.endswith(".") and ". " not in sentence, name
