"""Tools: the worker calls one only if it is required."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_bodies import chat_body

from services.worker import answers, requests
from services.worker.answers import Head

TOOLS = [{"type": "function", "function": {"name": "weather", "parameters": {}}}, {"type": "function", "function": {"name": "time"}}]
CHOICE = {"type": "function", "function": {"name": "time"}}


def job(**more: Any) -> requests.Job:
    return requests.chat(json.dumps(chat_body(**more)).encode())


@pytest.mark.parametrize(
    ("fields", "tool"),
    [
        ({}, None),
        ({"tools": TOOLS}, None),
        ({"tools": TOOLS, "tool_choice": "auto"}, None),
        ({"tools": TOOLS, "tool_choice": "none"}, None),
        ({"tools": TOOLS, "tool_choice": "required"}, "weather"),
        ({"tools": TOOLS, "tool_choice": CHOICE}, "time"),
        ({"tools": [{"type": "web_search"}], "tool_choice": "required"}, None),
    ],
)
def test_required_tool(fields: dict[str, Any], tool: str | None) -> None:
    """The worker calls a tool only if it is required."""
    assert job(**fields).tool == tool


def test_tool_call_replaces_text() -> None:
    """A tool call replaces the text."""
    choice = json.loads(answers.chat(Head("c1", 1, "m"), job(tools=TOOLS, tool_choice=CHOICE), 3, "length"))["choices"][0]
    call = {"id": "call_c1", "type": "function", "function": {"name": "time", "arguments": "{}"}}
    assert choice["message"] == {"role": "assistant", "tool_calls": [call]}
    assert choice["finish_reason"] == "tool_calls"
