"""The form of a word agrees with its number."""

from __future__ import annotations

import pytest

from hivecheck.wording import agreeing, counted


@pytest.mark.parametrize(("number", "expected"), [(0, "0 chats"), (1, "1 chat"), (2, "2 chats"), (21, "21 chats")])
def test_counted_noun(number: int, expected: str) -> None:
    """Only 1 takes the singular."""
    assert counted(number, "chat") == expected


def test_counted_irregular() -> None:
    """A given plural replaces the added s."""
    assert counted(3, "retry", "retries") == "3 retries"


@pytest.mark.parametrize(("number", "expected"), [(1, "1 chat was answered"), (2, "2 chats were answered")])
def test_counted_phrase(number: int, expected: str) -> None:
    """A verb in the form agrees as well."""
    assert counted(number, "chat was answered", "chats were answered") == expected


@pytest.mark.parametrize(("number", "expected"), [(0, "were"), (1, "was"), (2, "were")])
def test_agreeing_verb(number: int, expected: str) -> None:
    """A verb apart from its number agrees as well."""
    assert agreeing(number, "was", "were") == expected
