"""Requests that are wrong in one way each, by the words of Gherkin."""

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
    "a body of invalid JSON": MalformedRequest(raw=b'{"model": "model-a", '),
    "a body that is a list": MalformedRequest(raw=b'["model-a"]'),
    "no model": MalformedRequest({"messages": _USER}),
    "a model that is a number": MalformedRequest({"model": 7, "messages": _USER}),
    "no messages": MalformedRequest({"model": "model-a"}),
    "an empty message list": MalformedRequest({"model": "model-a", "messages": []}),
    "an unknown role": MalformedRequest({"model": "model-a", "messages": [{"role": "wizard", "content": "hello"}]}),
    "a message without a role": MalformedRequest({"model": "model-a", "messages": [*_USER, {"content": "hello"}]}),
    "a temperature of 2.1": MalformedRequest({"model": "model-a", "messages": _USER, "temperature": 2.1}),
    "a temperature of 3": MalformedRequest({"model": "model-a", "messages": _USER, "temperature": 3}),
    "a token limit of 0": MalformedRequest({"model": "model-a", "messages": _USER, "max_tokens": 0}),
    "a completion limit of 0": MalformedRequest({"model": "model-a", "messages": _USER, "max_completion_tokens": 0}),
    "a stream flag that is a string": MalformedRequest({"model": "model-a", "messages": _USER, "stream": "yes"}),
}


def malformed(words: str) -> MalformedRequest:
    """The malformed request for those words. Raises UsageError for words that are not in the table."""
    if words not in MALFORMED:
        raise UsageError(f"There is no malformed request {words!r}. Known: {', '.join(MALFORMED)}.")
    return MALFORMED[words]
