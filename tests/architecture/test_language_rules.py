"""Each language rule finds a bad sample, and leaves a good one alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import language_rules as rules
import prose
import pytest
from prose import Kind, Text


def hits(found: Iterator[rules.Finding]) -> list[str]:
    return [words for _, words, _ in found]


def plurals(source: str) -> list[str]:
    return hits(rules.unchosen_plurals(ast.parse(source)))


def read(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> list[Text]:
    """The texts of a file with this name and content."""
    monkeypatch.setattr(prose, "text_of", lambda _name: text)
    monkeypatch.setattr(prose, "tree_of", lambda _name: ast.parse(text))
    return prose.texts_of(name)


@pytest.mark.parametrize("word", ["who", "whom", "whose", "nobody", "somebody", "everybody", "Nobody", "whoever"])
def test_reserved_word_found(word: str) -> None:
    """A word for people in a sentence about a component is a violation."""
    assert hits(rules.reserved_words(f"The gateway asks {word} it likes.")) == [word]


@pytest.mark.parametrize("words", ["People who build stacks.", "A user whose run is red.", "The wholesale body."])
def test_reserved_word_for_people(words: str) -> None:
    """A word for people is right after a word that names people."""
    assert hits(rules.reserved_words(words)) == []


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        ("a wedge strikes worker-a", "strikes", "inject"),
        ("the last\nword of a stream", "last\nword", "final event"),
        ("wanted: 200\ngot: 503", "got", "actual:"),
        ("the process is gone", "is gone", "has exited"),
        ("a lie of its health", "a lie", "gray failure"),
        ("It bit when the pid changed", "It bit", "effect"),
        ("platform process has no power to packets", "no power", "capability"),
        ("The client is told so.", "told", "notified"),
    ],
)
def test_old_word_found(words: str, old: str, new: str) -> None:
    """A word of the old vocabulary is a violation, and comes with the new word."""
    assert any(hit == old and new in replacement for _, hit, replacement in rules.old_words(words))


@pytest.mark.parametrize(
    "words", ["The power of two choices.", "A bit of 64 bits.", "file:line that lies in no scenario", "in front of it", "after a power cut"]
)
def test_ordinary_meaning(words: str) -> None:
    """Ordinary meanings of old words are no violations."""
    assert hits(rules.old_words(words)) == []


def test_sentence_length() -> None:
    """The limit counts the words of one sentence, and abbreviations do not end it."""
    assert hits(rules.long_sentences("word " * 24 + "end. " + "word " * 24 + "end.")) == []
    assert [hit.partition(":")[0] for hit in hits(rules.long_sentences("Short. " + "word " * 13 + "e.g. " + "word " * 12))] == ["26 words"]


def test_semicolons() -> None:
    """One semicolon a paragraph is allowed, two are not."""
    assert hits(rules.semicolons("One; two.")) == []
    assert hits(rules.semicolons("One; two; three.")) == ["2 semicolons: One; two; three."]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('f"{len(x)} scenarios"', "{len(x)} scenarios"),
        ('f"{count} chats were answered"', "{count} chats"),
        ('f"{self.attempts} failed tries"', "{self.attempts} failed tries"),
        ('def f(limit: int): return f"at most {limit} requests"', "{limit} requests"),
        ('def f(x):\n    seen = len(x)\n    return f"{seen} were late"', "{seen} were"),
        ('class A:\n    size: int\n    def f(self): return f"{self.size} bytes"', "{self.size} bytes"),
    ],
)
def test_unchosen_plural_found(source: str, found: str) -> None:
    """A plural after a number that can be 1 is a violation."""
    assert plurals(source) == [found]


@pytest.mark.parametrize(
    "source",
    [
        'counted(len(x), "scenario")',
        """f"{counted(len(x), 'scenario')} ran\"""",
        'f"{name} models"',
        'f"{MOST} requests at most"',
        'f"{count:.2f} seconds"',
        'f"{count} is too many"',
        'f"{len(x)} of them"',
    ],
)
def test_chosen_plural(source: str) -> None:
    """The helper, names, constants and measurements are no violations."""
    assert plurals(source) == []


def test_page_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page gives paragraphs, items and cells. Code is left out, shown output is a remark."""
    page = "# Title\n\nOne `who` and\n[two](who.md).\n\n* item\n  goes on\n\n| a | b c |\n|---|---|\n\n"
    page += "```python\nwho = 1\n```\n```text\nout\n```\n"
    texts = read("page.md", page, monkeypatch)
    assert [(text.line, text.words) for text in texts if text.kind is Kind.PROSE] == [
        (1, "Title"),
        (3, "One _ and\ntwo."),
        (6, "item\ngoes on"),
        (9, "a"),
        (9, "b c"),
        *((10, "---") for _ in range(2)),
    ]
    assert [(text.line, text.words) for text in texts if text.kind is Kind.REMARK] == [(16, "out")]


def test_python_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module gives docstrings, comments and messages. Private docstrings are remarks, programs and short strings are left out."""
    code = (
        '"""A module."""\n\n\ndef start():\n    """Starts."""\n    return f"the hive {name} does start"  # a reason\n\n\n'
        'def _stop():\n    """Stops."""\n    return "import os, sys and more", "two words", "SELECT a FROM b WHERE c"\n'
    )
    texts = read("module.py", code, monkeypatch)
    assert [(text.line, text.words) for text in texts if text.kind is Kind.PROSE] == [(1, "A module."), (5, "Starts.")]
    assert [(text.line, text.words) for text in texts if text.kind is Kind.REMARK] == [
        (10, "Stops."),
        (6, "a reason"),
        (6, "the hive _ does start"),
    ]


def test_feature_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feature gives titles, descriptions, steps and cells, each once."""
    feature = "@tag\nFeature: Title\n  Some\n  words.\n\n  # note\n  Scenario: Name\n    Given a <x>\n"
    feature += '      """\n      data\n      """\n\n    Examples:\n      | x |\n'
    texts = read("a.feature", feature, monkeypatch)
    assert [(text.line, text.words) for text in texts if text.words] == [
        (2, "Title"),
        (3, "Some\nwords."),
        (6, "note"),
        (7, "Name"),
        (8, "a <x>"),
        (14, "x"),
    ]


def test_place_of_a_hit() -> None:
    """The line of a hit counts the lines before it."""
    assert Text("page.md", 3, Kind.PROSE, "one\ntwo").line_at(4) == 4


def test_mutant_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant gives its sentence alone."""
    assert read("a.toml", 'what = "It stops."\nbefore = "who"\n', monkeypatch) == [Text("a.toml", 1, Kind.PROSE, "It stops.")]
