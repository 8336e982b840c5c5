"""Bodies of chat requests for tests."""

from __future__ import annotations

from typing import Any


def chat_body(**fields: Any) -> dict[str, Any]:
    """A valid chat of three prompt tokens, overridden by `fields`."""
    return {"model": "m", "messages": [{"role": "user", "content": "one two three"}]} | fields
