"""Requests that are wrong in one way each, by the words Gherkin uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hivecheck.errors import UsageError

_USER = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True)
class Flaw:
    """A body as it goes over the wire: `raw` bytes, or `body` as JSON."""

    body: dict[str, Any] | None = None
    raw: bytes | None = None


FLAWS: dict[str, Flaw] = {
    "a body that is no JSON": Flaw(raw=b'{"model": "model-a", '),
    "a body that is a list": Flaw(raw=b'["model-a"]'),
    "no model": Flaw({"messages": _USER}),
    "a model that is no text": Flaw({"model": 7, "messages": _USER}),
    "no messages": Flaw({"model": "model-a"}),
    "an empty message list": Flaw({"model": "model-a", "messages": []}),
    "an unknown role": Flaw({"model": "model-a", "messages": [{"role": "wizard", "content": "hello"}]}),
    "a temperature of 3": Flaw({"model": "model-a", "messages": _USER, "temperature": 3}),
    "a token limit of 0": Flaw({"model": "model-a", "messages": _USER, "max_tokens": 0}),
    "stream as a word": Flaw({"model": "model-a", "messages": _USER, "stream": "yes"}),
}


def flaw(words: str) -> Flaw:
    """The flawed request for those words. Raises UsageError for words that are not in the table."""
    if words not in FLAWS:
        raise UsageError(f"There is no flaw {words!r}. Known: {', '.join(FLAWS)}.")
    return FLAWS[words]
