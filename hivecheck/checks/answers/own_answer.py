"""Each client got the answer to its own request: its model, as many tokens as it asked for, under its own id."""

from __future__ import annotations

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def own_answer(history: History) -> Verdict:
    """Tells answers apart by the number of tokens, so requests need different limits."""
    operations = history.operations()
    limits = [operation.request.get("max_tokens") for operation in operations]
    if len(operations) < 2 or len(set(limits)) < len(limits):
        return inconclusive(expected="several requests, each with a token limit of its own", actual=f"limits {limits}")
    if not any(one.started_at < other.started_at < (one.ended_at or 0.0) for one in operations for other in operations):
        return inconclusive(expected="requests under way at the same time", actual="one after the other")
    return worst([_judge_one(operation) for operation in operations])


def _judge_one(operation: Operation) -> Verdict:
    if not operation.is_answered:
        return failed(expected="an answer", actual=operation.sentence())
    body = operation.body if isinstance(operation.body, dict) else {}
    tokens = len(operation.tokens) if operation.is_stream else (body.get("usage") or {}).get("completion_tokens")
    model = operation.model if operation.is_stream else body.get("model")
    actual = (operation.header("X-Request-Id"), model, tokens)
    expected = (operation.id, operation.model, operation.request.get("max_tokens"))
    return passed(f"{operation.id}: {tokens} tokens") if actual == expected else failed(expected=f"{expected}", actual=f"{actual}")
