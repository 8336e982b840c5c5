"""Hand-written histories of a steady load under a fault: 10 requests per second for 10 s, a fault at 4 s. Times are seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from stories import chat, stream

from hivecheck.history import Event, History, Operation, Token

RATE = 10.0
END = 10.0
FAULT_AT = 4.0
ANSWER_SECONDS = 0.2
Change = Callable[[Operation, float], Operation]


def load_request(number: int, due: float) -> Operation:
    """Streamed and unary in turn, answered 0.2 s after its scheduled time."""
    request = stream(number) if number % 2 else chat(number)
    tokens = tuple(Token(due + ANSWER_SECONDS, token.text) for token in request.tokens)
    return replace(request, purpose="probe", started_at=due, intended_at=due, tokens=tokens, ended_at=due + ANSWER_SECONDS)


def lost(request: Operation) -> Operation:
    """Its client received no byte of an answer."""
    return replace(
        request, status=503, saw_done=False, finish_reason=None, tokens=(), ended_at=(request.intended_at or 0.0) + ANSWER_SECONDS
    )


def broken(request: Operation) -> Operation:
    """Its client received only the begin of an answer."""
    return replace(request, error="ClientPayloadError: cut", saw_done=False)


def slow(request: Operation, seconds: float = 1.0) -> Operation:
    """Whole, but its first token was late."""
    at = (request.intended_at or 0.0) + seconds
    return replace(request, tokens=tuple(Token(at, token.text) for token in request.tokens), ended_at=at)


def between(begin: float, end: float, change: Callable[[Operation], Operation]) -> Change:
    """Change every request that was due from `begin` to `end`."""
    return lambda request, due: change(request) if begin <= due < end else request


def injected(at: float = FAULT_AT, worker: str = "worker-1", **data: Any) -> Event:
    return Event(at, "fault", worker, {"what": "injected", "fault": "a SIGKILL", "inject_seconds": 0.1} | data)


def removed(at: float, worker: str = "worker-1") -> Event:
    return Event(at, "fault", worker, {"what": "removed", "fault": "a SIGKILL"})


def load(*changes: Change, faults: Iterable[Event] = (injected(),), until: float = END, unsent: int = 0, is_ended: bool = True) -> History:
    """The load with its changes and faults."""
    history = History()
    history.record(Event(0.0, "load", "model-a", {"what": "began", "rate_per_second": RATE}))
    for number in range(int(until * RATE)):
        due = number / RATE
        request = load_request(number, due)
        for change in changes:
            request = change(request, due)
        history.record(request)
    for event in faults:
        history.record(event)
    if is_ended:
        history.record(Event(until, "load", "model-a", {"what": "ended", "scheduled": int(until * RATE), "unsent": unsent}))
    return history
