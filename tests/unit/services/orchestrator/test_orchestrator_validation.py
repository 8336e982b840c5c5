"""Bad bodies are refused with the field that is wrong; good ones pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.api_errors import ApiError
from services.orchestrator.api.validation import ANY, CHAT, COMPLETION, must_be_valid

USER = [{"role": "user", "content": "hi"}]


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
def test_a_bad_field_is_named(changes: dict[str, Any], param: str) -> None:
    error = refusal_of({"model": "m", "messages": USER} | changes)
    assert (error.code, error.param) == ("invalid_request", param)
    assert param in error.message


@pytest.mark.parametrize("field", ["model", "messages"])
def test_a_missing_field_is_named(field: str) -> None:
    body = {"model": "m", "messages": USER}
    del body[field]
    assert refusal_of(body).param == field


@pytest.mark.parametrize("body", [b"{", b"[1]", b"null", b"\xff", b'{"model": "\xff", "messages": []}', b"{} x", b"[" * 100_000])
def test_what_is_not_a_json_object_is_invalid_json(body: bytes) -> None:
    assert refusal_of(body).code == "invalid_json"


@pytest.mark.parametrize("decoder", [CHAT, COMPLETION, ANY])
def test_no_body_means_no_model(decoder: Any) -> None:
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
def test_a_sound_chat_passes(changes: dict[str, Any]) -> None:
    assert must_be_valid(json.dumps({"model": "m", "messages": USER} | changes).encode(), CHAT).model == "m"


@pytest.mark.parametrize(("prompt", "is_valid"), [("x", True), (["x", "y"], True), ([1, 2], True), (5, False), (None, False)])
def test_a_completion_needs_a_prompt(prompt: Any, is_valid: bool) -> None:
    body = {"model": "m", "prompt": prompt}
    if is_valid:
        assert must_be_valid(json.dumps(body).encode(), COMPLETION).model == "m"
    else:
        assert refusal_of(body, COMPLETION).param == "prompt"
