"""Every request a worker got is in the usage ledger exactly once: whose it was, where it went, the tokens that client and worker saw."""

from __future__ import annotations

from typing import Any

from hivecheck.checks.facts import SUCCESS, end_of, tokens_seen
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

LEFT = "the client left"


def booked_once(history: History, *, lag_seconds: float, estimated: bool = False) -> Verdict:
    """Judges every request of the scenario by the ledger noted last.

    `estimated`: answers that came to their end were counted by the gateway; else by the worker's own usage. `lag_seconds`: what came
    within so long before the gateway itself was killed may be missing.
    """
    noted = [event.data["ledger"] for event in history.events("state", "orchestrator") if "ledger" in event.data]
    if not noted or not history.operations():
        return inconclusive(expected="requests, and the ledger noted after them", actual=f"{len(noted)} notes")
    return worst([_judge_one(history, operation, noted[-1], lag_seconds, estimated) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, ledger: list[dict[str, Any]], lag_seconds: float, estimated: bool) -> Verdict:
    rows = [row for row in ledger if row["request_id"] == operation.id]
    arrivals = history.arrivals(operation)
    if len(rows) != bool(arrivals):
        return failed(
            expected=f"{operation.id}, which {len(arrivals)} workers got, {int(bool(arrivals))} times in the ledger", actual=f"{rows}"
        )
    if not rows:
        return passed(f"{operation.id}: no worker got it, it is not booked")
    row, last = rows[0], arrivals[-1]
    expected = _identity(last) | {"attempts": int(operation.header("X-Attempts") or len(arrivals)), "path": operation.path}
    actual = {name: row[name] for name in expected}
    if actual != expected:
        return failed(expected=f"{operation.id} booked as {expected}", actual=f"{actual}")
    if operation.status is not None and operation.status not in SUCCESS:
        return _costs_nothing(operation, row)
    if operation.is_answered:
        return _cost_in_full(operation, row, end_of(history, last), estimated)
    return _cost_in_part(operation, row, end_of(history, last), lag_seconds)


def _identity(arrival: Event) -> dict[str, Any]:
    headers = arrival.data.get("headers", {})
    told = {"key": headers.get("x-auth-subject"), "tenant": headers.get("x-auth-tenant")}
    return told | {"model": arrival.data.get("model"), "worker": arrival.node}


def _costs_nothing(operation: Operation, row: dict[str, Any]) -> Verdict:
    expected = {"status": operation.status, "prompt_tokens": 0, "completion_tokens": 0, "estimated": False}
    return _same(operation, row, expected, "refused")


def _cost_in_full(operation: Operation, row: dict[str, Any], end: Event | None, estimated: bool) -> Verdict:
    if end is None:
        return inconclusive(expected="a journal line that says how many tokens were sent", actual=f"no end noted for {operation.id}")
    cached = 0 if estimated else end.data.get("cached_tokens", 0)
    expected = {"status": operation.status, "outcome": "ok", "estimated": estimated, "cached_tokens": cached}
    expected |= {"prompt_tokens": end.data.get("prompt_tokens"), "completion_tokens": end.data.get("output_tokens")}
    if (seen := tokens_seen(operation)) != end.data.get("output_tokens"):
        return failed(
            expected=f"{operation.id}: the {end.data.get('output_tokens')} tokens that {end.node} sent", actual=f"the client saw {seen}"
        )
    return _same(operation, row, expected, "answered")


def _cost_in_part(operation: Operation, row: dict[str, Any], end: Event | None, lag_seconds: float) -> Verdict:
    """A client that left may have missed some of what was relayed to it; one whose worker broke off has seen it all."""
    seen, booked = tokens_seen(operation), row["completion_tokens"]
    sent = end.data.get("output_tokens") if end else None
    least, most = seen, seen if operation.error != LEFT else booked if sent is None else sent
    if row["outcome"] == "interrupted":
        last = max((token.at for token in operation.tokens), default=0.0)
        least = sum(token.at < last - lag_seconds for token in operation.tokens)
    if not (least <= booked <= most) or not row["estimated"] or row["outcome"] in (None, "ok", "error"):
        return failed(expected=f"{operation.id}: {least} to {most} tokens, estimated, as not come to its end", actual=f"{row}")
    return passed(f"{operation.id}: {booked} tokens, estimated; the client saw {seen}")


def _same(operation: Operation, row: dict[str, Any], expected: dict[str, Any], what: str) -> Verdict:
    actual = {name: row[name] for name in expected}
    if actual != expected:
        return failed(expected=f"{operation.id}, {what}, booked with {expected}", actual=f"{actual}")
    return passed(f"{operation.id}: {what}, booked with {expected}")
