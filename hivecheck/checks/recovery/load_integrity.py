"""Under any fault each load request has a right answer, a well-formed refusal or a visible break, and is booked at most once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hivecheck.checks.facts import SUCCESS, order_fault, tokens_received
from hivecheck.history import CLIENT_LEFT, History, Operation
from hivecheck.measurement.recovery import LOAD
from hivecheck.verdict import Verdict, failed, inconclusive, passed
from hivecheck.wording import counted

Rows = list[Mapping[str, Any]]


def load_integrity(history: History) -> Verdict:
    """Safety under any fault. An answer is whole and its client's own. A refusal is an error object. A broken answer has no end marker.

    Each answer is in the last noted ledger exactly once, with the tokens that its client received. Any other request is there at most once.
    """
    requests = [request for request in history.operations(LOAD) if request.error != CLIENT_LEFT]
    noted = [event.data["ledger"] for event in history.events("state", "orchestrator") if "ledger" in event.data]
    if not noted or not any(request.is_answered for request in requests):
        actual = f"{counted(len(requests), 'request')} of the load, {counted(len(noted), 'note')} of the ledger"
        return inconclusive(expected="answered requests of a load, and the ledger noted after them", actual=actual)
    booked: dict[str, Rows] = {}
    for row in noted[-1]:
        booked.setdefault(str(row["request_id"]), []).append(row)
    for request in requests:
        if fault := _fault(request) or _misbooking(request, booked.get(request.id, [])):
            expected = f"{request.id} has a right answer, a well-formed refusal or a visible break, and is booked once"
            return failed(expected=expected, actual=f"{fault}: {request.sentence()}")
    answered = sum(request.is_answered for request in requests)
    return passed(f"{counted(answered, 'answer')} right and booked once, {counted(len(requests) - answered, 'visible failure')}")


def _fault(request: Operation) -> str | None:
    if request.is_answered:
        return _wrong_answer(request)
    if request.status is None:
        return None  # the client got no response, so it knows of the failure
    if request.status not in SUCCESS:
        return None if request.error or request.error_object().get("code") else "it is a refusal without an error object"
    if request.saw_done:
        return "it broke off and has an end marker"
    return f"{order_fault(request)}" if request.is_stream and order_fault(request) else None


def _wrong_answer(request: Operation) -> str | None:
    """What is wrong with an answer that looks whole to its client."""
    if request.header("X-Request-Id") != request.id:
        return f"it is the answer to {request.header('X-Request-Id')}"
    if (tokens := tokens_received(request)) != (limit := request.request.get("max_tokens")):
        return f"it has {tokens} of {limit} tokens"
    if request.is_stream:
        return order_fault(request) or (None if request.finish_reason else "no finish reason")
    model = request.body.get("model") if isinstance(request.body, dict) else None
    return None if model == request.model else f"it is the answer of {model}"


def _misbooking(request: Operation, rows: Rows) -> str | None:
    if len(rows) > 1 or (request.is_answered and not rows):
        return f"it is booked {counted(len(rows), 'time')}"
    if request.is_answered and rows[0]["completion_tokens"] != tokens_received(request):
        return f"it is booked with {counted(rows[0]['completion_tokens'], 'token')}"
    return None
