"""Requests that are wrong in one way each, by the words Gherkin uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hivecheck.errors import UsageError

_USER = [{"role": "user", "content": "hello"}]


@dataclass(frozen=True)
class MalformedRequest:
    """A body as it goes over the wire: `raw` bytes, or `body` as JSON."""

    body: dict[str, Any] | None = None
    raw: bytes | None = None


MALFORMED: dict[str, MalformedRequest] = {
    "a body that is no JSON": MalformedRequest(raw=b'{"model": "model-a", '),
    "a body that is a list": MalformedRequest(raw=b'["model-a"]'),
    "no model": MalformedRequest({"messages": _USER}),
    "a model that is no text": MalformedRequest({"model": 7, "messages": _USER}),
    "no messages": MalformedRequest({"model": "model-a"}),
    "an empty message list": MalformedRequest({"model": "model-a", "messages": []}),
    "an unknown role": MalformedRequest({"model": "model-a", "messages": [{"role": "wizard", "content": "hello"}]}),
    "a temperature of 3": MalformedRequest({"model": "model-a", "messages": _USER, "temperature": 3}),
    "a token limit of 0": MalformedRequest({"model": "model-a", "messages": _USER, "max_tokens": 0}),
    "stream as a word": MalformedRequest({"model": "model-a", "messages": _USER, "stream": "yes"}),
}


def flaw(words: str) -> MalformedRequest:
    """The flawed request for those words. Raises UsageError for words that are not in the table."""
    if words not in MALFORMED:
        raise UsageError(f"There is no flaw {words!r}. Known: {', '.join(MALFORMED)}.")
    return MALFORMED[words]
