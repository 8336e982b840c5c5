"""Hand-written histories: operations of clients and events of nodes. Times are seconds since the story began."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hivecheck.errors import Reason
from hivecheck.history import Event, History, Operation, Token
from hivecheck.verdict import Answer, Verdict

FAILED, INCONCLUSIVE, PASSED = Answer.FAILED, Answer.INCONCLUSIVE, Answer.PASSED
PID = 100
TWO = {"worker-1": ("model-a",), "worker-2": ("model-a",)}  # worker -> its models
ONE = {"worker-1": ("model-a",)}  # leaves no room for a second attempt
BATCH: dict[str, Any] = {"purpose": "batch 1"}
BROKEN: dict[str, Any] = {"finish_reason": None, "saw_done": False, "error": "cut"}  # the end of a stream that broke off visibly
ERROR = {"message": "No worker.", "type": "server_error", "code": "no_worker", "param": None}


def tell(*items: Operation | Event | list[Event]) -> History:
    """A history of these operations and events."""
    history = History()
    for item in items:
        for one in item if isinstance(item, list) else [item]:
            history.record(one)
    return history


def chat(number: int = 1, *, worker: str = "worker-1", at: float = 0.0, **changes: Any) -> Operation:
    """Request `r<number>`, unary, answered by `worker` after 1 s."""
    identifier = f"r{number}"
    request = Operation(
        id=identifier,
        path="/v1/chat/completions",
        model="model-a",
        is_stream=False,
        started_at=at,
        request={"model": "model-a", "max_tokens": 4},
        sent_headers={"X-Request-Id": identifier},
        status=200,
        headers=(("x-request-id", identifier), ("x-worker-id", worker), ("x-attempts", "1")),
        ended_at=at + 1.0,
        body=completion(),
    )
    # Most stories need each header once, and a mapping is shorter.
    named = changes.get("headers")
    return replace(request, **changes | ({"headers": tuple(named.items())} if isinstance(named, dict) else {}))


def stream(number: int = 1, *, count: int = 3, worker: str = "worker-1", **changes: Any) -> Operation:
    """Request `r<number>`, a whole stream of `count` tokens, one every 0.1 s."""
    tokens = tuple(Token(0.1 * place, f"t{place} ") for place in range(count))
    ending: dict[str, Any] = {"is_stream": True, "tokens": tokens, "finish_reason": "stop", "saw_done": True, "body": None}
    return chat(number, worker=worker, **(ending | changes))


def refused(number: int = 1, *, status: int = 503, code: str = "no_worker", **changes: Any) -> Operation:
    """Request `r<number>`, refused with an OpenAI error object."""
    headers = {"X-Request-Id": f"r{number}", "Retry-After": "1", "Content-Type": "application/json; charset=utf-8"}
    return chat(number, **({"status": status, "body": {"error": ERROR | {"code": code}}, "headers": headers} | changes))


def completion(**changes: Any) -> dict[str, Any]:
    """A full chat completion of model-a."""
    message = {"role": "assistant", "content": "t0 t1"}
    usage = {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    whole = {"id": "c1", "object": "chat.completion", "created": 1, "model": "model-a", "choices": choices, "usage": usage}
    return whole | changes


def arrival(operation: Operation, worker: str = "worker-1", *, at: float | None = None, **data: Any) -> Event:
    """The arrival of the request in the worker's journal, as the client sent it."""
    body = '{"max_tokens": 4, "model": "model-a"}'
    headers = {name.lower(): value for name, value in operation.sent_headers.items()}
    line = {"event": "arrival", "pid": PID, "n": operation.id, "request_id": operation.id, "path": operation.path}
    return Event(operation.started_at if at is None else at, "journal", worker, line | {"headers": headers, "body": body} | data)


def end(operation: Operation, worker: str = "worker-1", *, at: float | None = None, **data: Any) -> Event:
    """The end of the request in the worker's journal."""
    line = {"event": "end", "pid": PID, "n": operation.id, "request_id": operation.id, "output_tokens": len(operation.tokens)}
    return Event((operation.ended_at or 0.0) if at is None else at, "journal", worker, line | data)


def served(operation: Operation, worker: str = "worker-1", **data: Any) -> list[Event]:
    """Arrival and end at one worker."""
    return [arrival(operation, worker), end(operation, worker, **data)]


def log(operation: Operation, node: str, **data: Any) -> Event:
    """A log line of a node about the request."""
    return Event(operation.started_at, "log", node, {"request_id": operation.id} | data)


def state(node: str, **data: Any) -> Event:
    """A fact that the harness noted of a node."""
    return Event(0.0, "state", node, data)


def act(node: str, what: str, *, at: float) -> Event:
    """Something that the harness did to a node."""
    return Event(at, "act", node, {"what": what})


def must_have_no_room(verdict: Verdict, *words: str) -> None:
    """The verdict is inconclusive because what the check forbids was not possible, and its message has these words."""
    must_say(verdict, INCONCLUSIVE, *words)
    assert verdict.reason is Reason.NO_ROOM, verdict.message


def must_say(verdict: Verdict, answer: Answer, *words: str) -> None:
    """The verdict has this answer, and its message has these words."""
    assert verdict.answer is answer, verdict.message
    missing = [word for word in words if word not in verdict.message]
    assert not missing, f"{missing} not in: {verdict.message}"
