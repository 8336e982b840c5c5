"""The parameter types of the steps."""

from __future__ import annotations

import re

import pytest

from hivecheck.bdd.parameter_types import TYPES


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Model", "model-a", "model-a"),
        ("Models", "model-a, model-b and model-shared", ["model-a", "model-b", "model-shared"]),
        ("Models", "model-a", ["model-a"]),
        ("ModelName", "hivecheck-ai/Model-A-7B", "hivecheck-ai/Model-A-7B"),
        ("ModelNames", "model-a, model-b and acme/fast", ["model-a", "model-b", "acme/fast"]),
        ("Exception", "APITimeoutError", "APITimeoutError"),
        ("Worker", "worker-shared-1", "worker-shared-1"),
        ("Worker", "that worker", "that worker"),
        ("Hive", "hive-2", "hive-2"),
        ("Number", "12", 12),
        ("Seconds", "0.25", 0.25),
        ("Path", "/v1/chat/completions", "/v1/chat/completions"),
    ],
)
def test_type_converts_word(name: str, text: str, value: object) -> None:
    """A type takes a word of its kind and converts it."""
    pattern, convert, _ = TYPES[name]
    assert re.fullmatch(pattern, text)
    assert convert(text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Model", "worker-1"),
        ("Hive", "hive-a"),
        ("Worker", "a worker"),
        ("Number", "-1"),
        ("Seconds", "1 s"),
        ("Client", "a client with a key"),
    ],
)
def test_type_refuses_other_word(name: str, text: str) -> None:
    """A type does not take a word of another kind."""
    assert not re.fullmatch(TYPES[name][0], text)


def test_type_has_explanation() -> None:
    """The generated docs explain each type."""
    assert all(explained for _, _, explained in TYPES.values())
