"""Time budgets."""

from __future__ import annotations

from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hivecheck.errors import UsageError
from hivecheck.timeouts import Timeouts, sentences


@given(st.floats(0.01, 100))
def test_scaled_budgets(factor: float) -> None:
    """The scale factor multiplies every budget."""
    assert asdict(Timeouts().scaled(factor)) == {name: seconds * factor for name, seconds in asdict(Timeouts()).items()}


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_scale_must_be_positive(factor: float) -> None:
    """A scale factor of 0 or less is refused."""
    with pytest.raises(UsageError, match="expected: timeout_scale above 0"):
        Timeouts().scaled(factor)


def test_budget_by_name() -> None:
    """Every budget is found by its words in Gherkin."""
    budgets = Timeouts()
    assert [budgets.named(words) for words, _, _ in sentences()] == list(asdict(budgets).values())


def test_unknown_budget() -> None:
    """An unknown budget is refused with the nearest one and the page of all."""
    with pytest.raises(UsageError, match=r"expected: a time budget\nactual: 'coffee break'\nnext: docs/timeouts\.md"):
        Timeouts().named("coffee break")
    with pytest.raises(UsageError, match="did you mean `node ready`"):
        Timeouts().named("node redy")


def test_budget_sentences() -> None:
    """Every budget is positive and has one sentence."""
    rows = sentences()
    assert len(rows) == len(fields(Timeouts))
    for name, seconds, sentence in rows:
        assert seconds > 0, name
        assert sentence[0].isupper() and sentence.endswith(".") and ". " not in sentence, name


def test_within_without_budget() -> None:
    """A step without a budget waits for no time, and one with a budget for its seconds."""
    assert (Timeouts().within(""), Timeouts().within("heartbeat")) == (0.0, Timeouts().heartbeat)
