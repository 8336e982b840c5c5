"""Hand-made histories of a steady load under a fault: 10 requests per second for 10 s, a fault at 4 s. Times are seconds."""

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


def probe(number: int, due: float) -> Operation:
    """Streamed and unary in turn, answered 0.2 s after it was due."""
    told = stream(number) if number % 2 else chat(number)
    seen = tuple(Token(due + ANSWER_SECONDS, token.text) for token in told.tokens)
    return replace(told, purpose="probe", started_at=due, intended_at=due, tokens=seen, ended_at=due + ANSWER_SECONDS)


def lost(told: Operation) -> Operation:
    """Its client got no byte of an answer."""
    return replace(told, status=503, saw_done=False, finish_reason=None, tokens=(), ended_at=(told.intended_at or 0.0) + ANSWER_SECONDS)


def broken(told: Operation) -> Operation:
    """Its client got the beginning of an answer."""
    return replace(told, error="ClientPayloadError: cut", saw_done=False)


def slow(told: Operation, seconds: float = 1.0) -> Operation:
    """Whole, but its first token came late."""
    at = (told.intended_at or 0.0) + seconds
    return replace(told, tokens=tuple(Token(at, token.text) for token in told.tokens), ended_at=at)


def between(begin: float, end: float, change: Callable[[Operation], Operation]) -> Change:
    """That happened to every request that was due from `begin` to `end`."""
    return lambda told, due: change(told) if begin <= due < end else told


def injected(at: float = FAULT_AT, worker: str = "worker-1", **data: Any) -> Event:
    return Event(at, "fault", worker, {"what": "injected", "fault": "a SIGKILL", "inject_seconds": 0.1} | data)


def healed(at: float, worker: str = "worker-1") -> Event:
    return Event(at, "fault", worker, {"what": "removed", "fault": "a SIGKILL"})


def load(*changes: Change, faults: Iterable[Event] = (injected(),), until: float = END, unsent: int = 0, is_ended: bool = True) -> History:
    """The load with everything that happened to it."""
    history = History()
    history.record(Event(0.0, "load", "model-a", {"what": "began", "rate_per_second": RATE}))
    for number in range(int(until * RATE)):
        due = number / RATE
        told = probe(number, due)
        for change in changes:
            told = change(told, due)
        history.record(told)
    for event in faults:
        history.record(event)
    if is_ended:
        history.record(Event(until, "load", "model-a", {"what": "ended", "scheduled": int(until * RATE), "unsent": unsent}))
    return history
