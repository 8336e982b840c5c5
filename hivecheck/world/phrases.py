"""Tables of Gherkin phrases, each with the action that it names. `{}` in a phrase stands for one name or number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from hivecheck.errors import UsageError

ARGUMENT = r"[a-z0-9-]+"


def one_of(phrases: Iterable[str], argument: str = ARGUMENT) -> str:
    """The regular expression that takes each of these phrases."""
    return "|".join(re.escape(phrase).replace(r"\{\}", argument) for phrase in phrases)


def names(text: str) -> list[str]:
    """The names in a phrase such as `a, b and c`."""
    return re.split(r", | and ", text)


def act(table: Mapping[str, Callable[..., None]], words: str, subject: object, *more: Any) -> None:
    """Call the action that the words name with `subject`, the words' own arguments and `more`. Raises UsageError for unknown words."""
    for phrase, action in table.items():
        # A full match, because one phrase can be the beginning of another.
        if match := re.fullmatch(one_of([phrase], f"({ARGUMENT})"), words):
            action(subject, *match.groups(), *more)
            return
    raise UsageError(f"expected: one of {', '.join(table)}\nactual: {words}")
