"""Validation of bodies: a wrong field is named, a valid body passes."""

from __future__ import annotations

import json
from typing import Any

import orchestrator_stage as stage
import pytest

from services.api_errors import ApiError
from services.orchestrator.api.validation import ANY, CHAT, COMPLETION, must_be_valid

USER = stage.CHAT["messages"]


def refusal_of(body: Any, decoder: Any = CHAT) -> ApiError:
    with pytest.raises(ApiError) as caught:
        must_be_valid(body if isinstance(body, bytes) else json.dumps(body).encode(), decoder)
    assert caught.value.status == 400
    return caught.value


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [*USER, {"role": "robot", "content": "hi"}]}, "messages[1].role"),
        ({"messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"stream": "yes"}, "stream"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "1"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"stop": 5}, "stop"),
    ],
)
def test_bad_field(changes: dict[str, Any], param: str) -> None:
    """A wrong field is named."""
    error = refusal_of({"model": "m", "messages": USER} | changes)
    assert (error.code, error.param) == ("invalid_request", param)
    assert param in error.message


@pytest.mark.parametrize("field", ["model", "messages"])
def test_missing_field(field: str) -> None:
    """A missing field is named."""
    body = {"model": "m", "messages": USER}
    del body[field]
    assert refusal_of(body).param == field


@pytest.mark.parametrize("body", [b"{", b"[1]", b"null", b"\xff", b'{"model": "\xff", "messages": []}', b"{} x", b"[" * 100_000])
def test_invalid_json(body: bytes) -> None:
    """A body that is not a JSON object is invalid JSON."""
    assert refusal_of(body).code == "invalid_json"


@pytest.mark.parametrize("decoder", [CHAT, COMPLETION, ANY])
def test_empty_body(decoder: Any) -> None:
    """An empty body lacks the model."""
    assert refusal_of(b"", decoder).param == "model"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"unknown": {"deep": [1]}, "tools": []},
        {"temperature": 0, "top_p": 1, "max_tokens": 1, "n": 1, "stop": ["a"], "stream": True},
        {"temperature": None, "stop": None, "stream": None},
        {"messages": [{"role": "assistant", "tool_calls": []}, {"role": "developer", "content": [{"type": "text"}]}]},
    ],
)
def test_valid_chat(changes: dict[str, Any]) -> None:
    """A valid chat passes."""
    assert must_be_valid(json.dumps({"model": "m", "messages": USER} | changes).encode(), CHAT).model == "m"


@pytest.mark.parametrize(("prompt", "is_valid"), [("x", True), (["x", "y"], True), ([1, 2], True), (5, False), (None, False)])
def test_completion_prompt(prompt: Any, is_valid: bool) -> None:
    """A completion needs a prompt."""
    body = {"model": "m", "prompt": prompt}
    if is_valid:
        assert must_be_valid(json.dumps(body).encode(), COMPLETION).model == "m"
    else:
        assert refusal_of(body, COMPLETION).param == "prompt"
