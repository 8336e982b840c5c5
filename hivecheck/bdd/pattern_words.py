"""The pattern of a parameter type as words that a reader can type. Knows the few constructs that the types use, not regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Parts of a pattern -> its words. The order counts, because a number with a fraction contains a whole one.
_NAMED_PARTS = {
    r"\\d\+\(\?:\\\.\\d\+\)\?|\\d\+|\[0-9\.?\]\+": "<n>",
    r"\\S\.\*|\\S\+": "<text>",
    r"(?:(?<!\\)\[(?:\\.|[^\]\\])+\])+[+*]\??": "<name>",
    r"\(\?:\(\?:, \| and \)[^()]*\)\*": " and ...",
}


def words_of(pattern: str) -> list[str]:
    """Each alternative, with `<n>` for a number, `<name>` or `<text>` for other values, `[...]` for what may be absent.

    An empty alternative comes first if the whole pattern may be absent.
    """
    optional = re.fullmatch(r"\(\?:(.*)\)\?", pattern)
    plain = optional[1] if optional else pattern
    for part, words in _NAMED_PARTS.items():
        plain = re.sub(part, words, plain)
    return [*([""] if optional else []), *_phrases(iter(re.findall(r"\(\?:|\)\?|\\.|\w\?|.", plain)))[0]]


def _phrases(tokens: Iterator[str]) -> tuple[list[str], bool]:
    """The alternatives of a pattern up to the end of its group, and whether the group may be absent: `[...]` in a phrase."""
    done: list[str] = []
    current = [""]
    for token in tokens:
        ends = [token.removeprefix("\\")]
        if token in (")", ")?"):
            return done + current, token == ")?"
        if token == "|":
            done, current = done + current, [""]
            continue
        if token == "(?:":
            inner, is_optional = _phrases(tokens)
            ends = [f"[{phrase}]" for phrase in inner] if is_optional else inner
        elif re.fullmatch(r"\w\?", token):
            ends = [f"[{token[0]}]"]
        current = [begin + end for begin in current for end in ends]
    return done + current, False
