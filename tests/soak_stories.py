"""Hand-written histories of a soak: rounds of 4 s of load, of which one may have a fault. Times are seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hivecheck.history import Event, History, Operation, Token
from hivecheck.measurement.floors import CYCLES, note
from hivecheck.measurement.leaks import LEAST, WARM_UP
from hivecheck.measurement.recovery import LOAD

ROUND_SECONDS, LOAD_SECONDS, FAULT_AT, RATE = 5.0, 4.0, 2.5, 10.0
ROUNDS = WARM_UP + LEAST
FAULTY = 2  # the round with the fault
TOKENS, ANSWER_SECONDS = 4, 0.2
CONTENT = {"index": 0, "message": {"role": "assistant", "content": "t0 t1 t2 t3"}, "finish_reason": "stop"}

Change = Callable[[Operation], Operation]


def request(number: int, due: float) -> Operation:
    """Streamed and unary in turn, answered 0.2 s after its scheduled time."""
    is_stream, at = number % 2 == 1, due + ANSWER_SECONDS
    return Operation(
        id=f"r{number}",
        path="/v1/chat/completions",
        model="model-a",
        is_stream=is_stream,
        started_at=due,
        intended_at=due,
        ended_at=at,
        request={"model": "model-a", "max_tokens": TOKENS},
        purpose=LOAD,
        status=200,
        headers=(("x-request-id", f"r{number}"),),
        body=None if is_stream else {"model": "model-a", "choices": [CONTENT], "usage": {"completion_tokens": TOKENS}},
        tokens=tuple(Token(at, f"t{place} ") for place in range(TOKENS)) if is_stream else (),
        finish_reason="stop" if is_stream else None,
        saw_done=is_stream,
    )


def soak(
    rounds: int = ROUNDS, *, faulty: int = FAULTY, change: Change = lambda one: one, kept: float = 0.0, is_whole: bool = True
) -> History:
    """A soak. `change` is of every request of the round after the fault, `kept` descriptors a round stay open."""
    history = History()
    plan = {"rate_per_second": RATE, "minutes": 1.0, "faults": 1, "seed": 7, "topology": "small"}
    history.record(Event(0.0, "soak", "model-a", {"what": "began", "nodes": ["orchestrator"], **plan}))
    ledger: list[dict[str, Any]] = []
    for number in range(1, rounds + 1):
        rows = _round(history, number, faulty, change if number == faulty else lambda one: one, kept)
        ledger += rows
    if is_whole:
        history.record(Event(rounds * ROUND_SECONDS, "state", "orchestrator", {"ledger": ledger}))
        history.record(Event(rounds * ROUND_SECONDS, "soak", "model-a", {"what": "ended"}))
    return history


def _round(history: History, number: int, faulty: int, change: Change, kept: float) -> list[dict[str, Any]]:
    began = (number - 1) * ROUND_SECONDS
    history.record(Event(began, "load", "model-a", {"what": "began", "rate_per_second": RATE}))
    count, rows = int(LOAD_SECONDS * RATE), []
    for place in range(count):
        one = request(100 * number + place, began + place / RATE)
        rows.append({"request_id": one.id, "completion_tokens": TOKENS})
        history.record(change(one))
    if number == faulty:
        data = {"fault": "a SIGKILL", "inject_seconds": 0.1, "effect": "it is dead"}
        history.record(Event(began + FAULT_AT, "fault", "worker-1", data | {"what": "injected"}))
        history.record(Event(began + FAULT_AT + 0.5, "fault", "worker-1", data | {"what": "removed"}))
    history.record(Event(began + LOAD_SECONDS, "load", "model-a", {"what": "ended", "scheduled": count, "unsent": 0}))
    at = began + LOAD_SECONDS + 0.5
    history.record(Event(at, "state", "orchestrator", {"ledger": rows}))
    process = {"name": "orchestrator", "pid": 7, "started": 1, "memory_bytes": 9_000_000, "threads": 1, "tasks": 9, "running": 0}
    history.record(note(at, "orchestrator", number, [process | {"sockets": {}, "descriptors": int(20 + kept * number)}]))
    cycle = {"number": number, "requests": count, "relayed_bytes": 0, "intended": count, "held": None}
    history.record(Event(at, "state", CYCLES, {"cycle": cycle}))
    data = {"number": number, "began": began, "load_ended": began + LOAD_SECONDS, "faults": int(number == faulty)}
    history.record(Event(began + ROUND_SECONDS - 0.1, "soak", "model-a", {"what": "round", **data}))
    return rows
