"""Phrase tables: words in Gherkin name an action and its arguments."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from hivecheck.errors import UsageError
from hivecheck.world import phrases

CALLS: list[tuple[object, ...]] = []
TABLE: dict[str, Callable[..., None]] = {
    "the way from {} to {}": lambda *given: CALLS.append(given),
    "all (of it)": lambda *given: CALLS.append(("all", *given)),
}


def test_act_passes_arguments() -> None:
    """The action receives the subject, the names in the words and what the caller adds."""
    CALLS.clear()
    phrases.act(TABLE, "the way from hive-1 to worker-a", "subject", 5.0)
    phrases.act(TABLE, "all (of it)", "subject")
    assert CALLS == [("subject", "hive-1", "worker-a", 5.0), ("all", "subject")]


def test_act_refuses_unknown_words() -> None:
    """Words that no phrase takes are a usage error that lists the phrases."""
    with pytest.raises(UsageError, match="the way from"):
        phrases.act(TABLE, "the way to hive-1", "subject")


@pytest.mark.parametrize(("words", "is_taken"), [("the way from a to b-1", True), ("all (of it)", True), ("the way from a b to c", False)])
def test_pattern(words: str, is_taken: bool) -> None:
    """The pattern takes exactly the phrases, with one word for each placeholder."""
    assert bool(re.fullmatch(phrases.one_of(TABLE), words)) is is_taken
