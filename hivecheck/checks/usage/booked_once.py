"""Each request that reached a worker is in the usage ledger exactly once, with its key, its worker and its tokens."""

from __future__ import annotations

from typing import Any

from hivecheck.checks.facts import SUCCESS, end_of, tokens_received
from hivecheck.history import CLIENT_LEFT, Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, figures


def booked_once(history: History, *, lag_seconds: float, estimated: bool = False) -> Verdict:
    """Judges every request of the scenario by the last noted ledger.

    `estimated`: the gateway counts the tokens of whole answers itself. Else it takes the worker's usage.
    `lag_seconds`: tokens of the last so many seconds before a kill of the gateway may be missing.
    """
    noted = [event.data["ledger"] for event in history.events("state", "orchestrator") if "ledger" in event.data]
    if not noted or not history.operations():
        return inconclusive(expected="requests, and the ledger noted after them", actual=counted(len(noted), "note"))
    return worst([_judge_one(history, operation, noted[-1], lag_seconds, estimated) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, ledger: list[dict[str, Any]], lag_seconds: float, estimated: bool) -> Verdict:
    rows = [row for row in ledger if row["request_id"] == operation.id]
    arrivals = history.arrivals(operation)
    if len(rows) != bool(arrivals):
        times = counted(int(bool(arrivals)), "time")
        return failed(
            expected=f"{operation.id}, with {counted(len(arrivals), 'arrival')}, is in the ledger {times}",
            actual="; ".join(map(figures, rows)) or "none",
        )
    if not rows:
        return passed(f"{operation.id}: no arrival, so it is not booked")
    row, last = rows[0], arrivals[-1]
    expected = _identity(last) | {"attempts": int(operation.header("X-Attempts") or len(arrivals)), "path": operation.path}
    actual = {name: row[name] for name in expected}
    if actual != expected:
        return failed(expected=f"the ledger has {figures(expected)} for {operation.id}", actual=figures(actual))
    if operation.status is not None and operation.status not in SUCCESS:
        return _costs_nothing(operation, row)
    if operation.is_answered:
        return _cost_in_full(operation, row, end_of(history, last), estimated)
    return _cost_in_part(operation, row, end_of(history, last), lag_seconds)


def _identity(arrival: Event) -> dict[str, Any]:
    headers = arrival.data.get("headers", {})
    caller = {"key": headers.get("x-auth-subject"), "tenant": headers.get("x-auth-tenant")}
    return caller | {"model": arrival.data.get("model"), "worker": arrival.node}


def _costs_nothing(operation: Operation, row: dict[str, Any]) -> Verdict:
    expected = {"status": operation.status, "prompt_tokens": 0, "completion_tokens": 0, "estimated": False}
    return _same(operation, row, expected, "refused")


def _cost_in_full(operation: Operation, row: dict[str, Any], end: Event | None, estimated: bool) -> Verdict:
    if end is None:
        return inconclusive(expected=f"the number of tokens of {operation.id} in the journal of a worker", actual="no end in any journal")
    # Only the worker knows its prefix cache, so the gateway's estimate has no cached tokens.
    cached = 0 if estimated else end.data.get("cached_tokens", 0)
    expected = {"status": operation.status, "outcome": "ok", "estimated": estimated, "cached_tokens": cached}
    expected |= {"prompt_tokens": end.data.get("prompt_tokens"), "completion_tokens": end.data.get("output_tokens")}
    if (received := tokens_received(operation)) != end.data.get("output_tokens"):
        sent = counted(end.data.get("output_tokens", 0), "token")
        return failed(expected=f"the client of {operation.id} receives the {sent} that {end.node} sent", actual=f"it received {received}")
    return _same(operation, row, expected, "answered")


def _cost_in_part(operation: Operation, row: dict[str, Any], end: Event | None, lag_seconds: float) -> Verdict:
    """A client that left may have missed tokens that were relayed. A client of a broken worker received all of them."""
    received, booked = tokens_received(operation), row["completion_tokens"]
    sent = end.data.get("output_tokens") if end else None
    least, most = received, received if operation.error != CLIENT_LEFT else booked if sent is None else sent
    # A killed gateway left the tokens of its last write. Those of the last `lag_seconds` may be missing.
    if row["outcome"] == "interrupted":
        last = max((token.at for token in operation.tokens), default=0.0)
        least = sum(token.at < last - lag_seconds for token in operation.tokens)
    if not (least <= booked <= most) or not row["estimated"] or row["outcome"] in (None, "ok", "error"):
        return failed(
            expected=f"the ledger has {least} to {most} tokens for {operation.id}, estimated, with the outcome of a broken answer",
            actual=figures(row),
        )
    if end and booked and row["prompt_tokens"] != (prompt := end.data.get("prompt_tokens")):
        return failed(expected=f"the ledger has {prompt} prompt tokens for {operation.id}, as {end.node} counted", actual=figures(row))
    return passed(f"{operation.id}: {counted(booked, 'token')}, estimated; the client received {received}")


def _same(operation: Operation, row: dict[str, Any], expected: dict[str, Any], what: str) -> Verdict:
    actual = {name: row[name] for name in expected}
    if actual != expected:
        return failed(expected=f"the ledger has {figures(expected)} for {operation.id}, which was {what}", actual=figures(actual))
    return passed(f"{operation.id}: {what}, booked with {figures(expected)}")
