"""Check: tool called."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, completion, must_say, refused, tell

from hivecheck.checks.answers.tool_called import tool_called

CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def answer(finish_reason: str = "tool_calls", *calls: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": None, "tool_calls": list(calls or [CALL])}
    return completion(choices=[{"index": 0, "message": message, "finish_reason": finish_reason}])


def test_tool_call_passes() -> None:
    """One call of the tool passes."""
    must_say(tool_called(tell(chat(body=answer())), tool="weather"), PASSED, "weather")


@pytest.mark.parametrize(
    "body",
    [
        None,
        completion(),
        answer("stop"),
        answer("tool_calls", CALL, CALL),
        answer("tool_calls", CALL | {"id": ""}),
        answer("tool_calls", CALL | {"function": {"name": "other", "arguments": "{}"}}),
        answer("tool_calls", CALL | {"function": {"name": "weather", "arguments": "rain"}}),
        answer("tool_calls", CALL | {"function": {"name": "weather", "arguments": "[]"}}),
    ],
)
def test_other_answer_fails(body: object) -> None:
    """Any other answer fails."""
    must_say(tool_called(tell(chat(body=body)), tool="weather"), FAILED)


def test_refusal_fails() -> None:
    """A refusal fails, and a scenario without requests gives no verdict."""
    must_say(tool_called(tell(refused()), tool="weather"), FAILED)
    must_say(tool_called(tell(), tool="weather"), INCONCLUSIVE)
