"""A unary answer has OpenAI's full chat completion schema, the requested model and an id that no other answer has."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, passed, worst
from hivecheck.wording import counted, figures, listed

# The Chat Completions object of OpenAI's API reference, as the `openai` SDK types it.
FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter", "function_call"}


def chat_schema(history: History) -> Verdict:
    """Judges every request of the scenario that is no stream."""
    unary = [operation for operation in history.operations() if not operation.is_stream]
    return worst([*map(_judge_one, unary), *_judge_ids(unary)])


def _judge_ids(operations: list[Operation]) -> list[Verdict]:
    """A failure if two answers have the same id. OpenAI calls it "a unique identifier for the chat completion"."""
    answers = [operation.body for operation in operations if isinstance(operation.body, dict) and operation.is_answered]
    # An id of another type is a fault that the schema reports.
    ids = Counter(answer["id"] for answer in answers if isinstance(answer.get("id"), str))
    repeated = [f"{identifier} of {counted(count, 'answer')}" for identifier, count in ids.items() if count > 1]
    return [failed(expected="an id of its own for each answer", actual=listed(repeated))] if repeated else []


def _judge_one(operation: Operation) -> Verdict:
    expected = f"{operation.id} is answered with a chat completion of {operation.model}"
    if operation.status != 200:
        return failed(expected=expected, actual=operation.sentence())
    if found := faults(operation.body, operation.model):
        return failed(expected=expected, actual=f"{'; '.join(found)} in {json.dumps(operation.body)}")
    return passed(f"{operation.id}: a chat completion of {operation.model}")


def faults(body: Any, model: str) -> list[str]:
    """What is missing or wrong in a chat completion of `model`."""
    if not isinstance(body, dict):
        return ["the body is no JSON object"]
    choices = body.get("choices")
    first = _object(choices[0] if isinstance(choices, list) and choices else None)
    message, usage = _object(first.get("message")), _object(body.get("usage"))
    counts: list[Any] = [usage.get(key) for key in ("prompt_tokens", "completion_tokens", "total_tokens")]
    adds_up = all(isinstance(n, int) and n > 0 for n in counts) and sum(counts[:2]) == counts[2]
    rules = {
        "id is no string": isinstance(body.get("id"), str) and body["id"],
        "object is not chat.completion": body.get("object") == "chat.completion",
        "created is no Unix time": isinstance(body.get("created"), int) and body["created"] > 0,
        f"model is {body.get('model')!r}": body.get("model") == model,
        "no choice of index 0": first.get("index") == 0,
        "role is not assistant": message.get("role") == "assistant",
        # A tool call has the content null. `tool_called` judges those answers.
        "content is empty": isinstance(message.get("content"), str) and message["content"],
        f"finish_reason is {first.get('finish_reason')!r}": first.get("finish_reason") in FINISH_REASONS,
        f"usage does not add up: {figures(usage)}": adds_up,
    }
    return [fault for fault, holds in rules.items() if not holds]


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
