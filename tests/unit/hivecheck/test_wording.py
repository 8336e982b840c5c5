"""The form of a word agrees with its number, and lists and figures read as text."""

from __future__ import annotations

import pytest

from hivecheck.wording import agreeing, counted, figures, listed, plain


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


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], "none"),
        (["a"], "a"),
        (["b", "a"], "b and a"),
        (("a", "b", "c"), "a, b and c"),
        ([200, None, True, 0.25, 3.0], "200, none, true, 0.25 and 3"),
    ],
)
def test_listed_items(items: list[object], expected: str) -> None:
    """Items keep their order and have no quotes or brackets."""
    assert listed(items) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "none"),
        ({"worker-2": 0, "worker-1": 20}, "worker-1: 20, worker-2: 0"),
        ({("acme", "s1"): "worker-1"}, "acme/s1: worker-1"),
        ({"s2": {"b", "a"}, "s1": ["a"]}, "s1: a; s2: a and b"),
        ({"total": 2, "by": {"400": 1, "200": 1}, "lost": {}}, "by: (200: 1, 400: 1), lost: none, total: 2"),
    ],
)
def test_figures_sorted(values: dict[object, object], expected: str) -> None:
    """Names are sorted, and a value that is a collection is plain text too."""
    assert figures(values) == expected


def test_figures_separator() -> None:
    """Another separator keeps values with commas apart."""
    assert figures({"a": "x, y", "b": "z"}, "; ") == "a: x, y; b: z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"HTTP/1.1 503\r\n\xff", "HTTP/1.1 503\\r\\n\\xff"),
        (b"", "no bytes"),
        ("Grüße".encode(), "Grüße"),
        ([{"state": "alive", "pid": None}], "(pid: none, state: alive)"),
    ],
)
def test_plain_value(value: object, expected: str) -> None:
    """Bytes are text on one line, and a collection has no notation of Python."""
    assert plain(value) == expected
