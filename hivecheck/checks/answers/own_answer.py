"""Each client got the answer to its own request: its model, its number of tokens and its id."""

from __future__ import annotations

from hivecheck.checks.standard import ECHO
from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, no_room, passed, worst
from hivecheck.wording import counted, listed


def own_answer(history: History, *, request_id: str = ECHO) -> Verdict:
    """Judges every request of the scenario. Each needs another `max_tokens`. `request_id`: that of the dialect of a target."""
    operations = history.operations()
    # The bundled worker writes the same words to each client. Only the number of words tells two answers apart.
    limits = [operation.request.get("max_tokens") for operation in operations]
    if len(operations) < 2 or len(set(limits)) < len(limits):
        return inconclusive(expected="at least two requests with different max_tokens", actual=f"max_tokens {listed(limits)}")
    if not any(one.started_at < other.started_at < (one.ended_at or 0.0) for one in operations for other in operations):
        return no_room(expected="at least two requests in flight at the same time", actual="they ran one after the other")
    return worst([_judge_one(operation, request_id) for operation in operations])


def _judge_one(operation: Operation, request_id: str) -> Verdict:
    if not operation.is_answered:
        return failed(expected=f"{operation.id} is answered", actual=operation.sentence())
    body = operation.body if isinstance(operation.body, dict) else {}
    tokens = len(operation.tokens) if operation.is_stream else (body.get("usage") or {}).get("completion_tokens")
    # Chunks are not kept, so the model's name in a stream is unknown here.
    model = operation.model if operation.is_stream else body.get("model")
    # An id of the gateway's own does not connect the answer with its request. The number of tokens does.
    actual = (operation.header("X-Request-Id") if request_id == ECHO else operation.id, model, tokens)
    expected = (operation.id, operation.model, operation.request.get("max_tokens"))
    if actual != expected:
        return failed(expected=f"id, model and tokens {listed(expected)}", actual=listed(actual))
    return passed(f"{operation.id}: {counted(tokens or 0, 'token')}")
