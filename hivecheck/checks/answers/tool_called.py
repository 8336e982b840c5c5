"""Every answer is one call of one tool: its name, an id, JSON arguments and finish reason tool_calls."""

from __future__ import annotations

import json
from typing import Any

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, passed, worst
from hivecheck.wording import listed


def tool_called(history: History, *, tool: str) -> Verdict:
    """`tool`: the name of the function that the answer must call."""
    return worst([_judge_one(operation, tool) for operation in history.operations()])


def _judge_one(operation: Operation, tool: str) -> Verdict:
    try:
        choice: Any = operation.body["choices"][0]
        [call] = choice["message"]["tool_calls"]
        call_head = (choice["finish_reason"], call["type"], call["function"]["name"], bool(call["id"]))
        # OpenAI's schema: `arguments` is a string that holds JSON, and no object.
        arguments = json.loads(call["function"]["arguments"])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        return failed(
            expected=f"{operation.id} is answered with a call of {tool}",
            actual=f"{type(error).__name__} in {json.dumps(operation.body)}: {operation.sentence()}",
        )
    if call_head != ("tool_calls", "function", tool, True) or not isinstance(arguments, dict):
        return failed(
            expected=f"{operation.id} is answered with a call of {tool}",
            actual=f"finish reason, type, name and presence of an id: {listed(call_head)}; arguments: {json.dumps(arguments)}",
        )
    return passed(f"{operation.id}: {tool} called")
