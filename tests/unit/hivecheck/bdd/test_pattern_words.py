"""Patterns of parameter types as words."""

from __future__ import annotations

import re

import pytest

from hivecheck.bdd.parameter_types import TYPES
from hivecheck.bdd.pattern_words import words_of


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"\ without\ workers|\ that\ crash", [" without workers", " that crash"]),
        (r"hive-[0-9]+|\d+(?:\.\d+)? seconds", ["hive-<n>", "<n> seconds"]),
        (r"(?: within the [a-z ]+? time)?", ["", " within the <name> time"]),
        (r"half(?: of model-[a-z0-9-]+)?|every (?:hive|worker)", ["half[ of model-<name>]", "every hive", "every worker"]),
        (r"model-[a-z]+(?:(?:, | and )model-[a-z]+)*", ["model-<name> and ..."]),
        (r"\d+ calls?", ["<n> call[s]"]),
    ],
)
def test_words(pattern: str, words: list[str]) -> None:
    """A pattern becomes the phrases that it takes."""
    assert words_of(pattern) == words


@pytest.mark.parametrize("name", TYPES)
def test_every_type_has_words(name: str) -> None:
    """The words of each parameter type hold no part of a regular expression."""
    assert not [word for word in words_of(TYPES[name][0]) if re.search(r"[\\|*+?^$(){}]", word)]
