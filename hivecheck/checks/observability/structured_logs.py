"""Every line of every log is one JSON object that says when, who and what; each request has one line of its end, under its id."""

from __future__ import annotations

from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

FIELDS = ("time", "level", "service", "node", "event")
CLIENT_GONE = 499  # what a gateway notes where nobody was left to get a status


def structured_logs(history: History, *, orchestrator: str) -> Verdict:
    """`orchestrator`: the name of the node whose log must account for every request."""
    lines = history.events("log")
    if not lines or not history.operations():
        return inconclusive(expected="requests and log lines", actual=f"{len(history.operations())} requests, {len(lines)} lines")
    for line in lines:
        if missing := [name for name in FIELDS if not line.data.get(name)]:
            return failed(
                expected=f"a JSON object with {', '.join(FIELDS)} in each line of {line.node}", actual=f"no {missing} in {dict(line.data)}"
            )
    ends = [line for line in lines if line.node == orchestrator and line.data["event"] == "request"]
    return worst([_judge_one(operation, ends) for operation in history.operations()])


def _judge_one(operation: Operation, ends: list[Event]) -> Verdict:
    own = [line.data for line in ends if line.data.get("request_id") == operation.id]
    if len(own) != 1:
        return failed(expected=f"one line of the end of {operation.id}", actual=f"{len(own)}")
    has_left = operation.error == "the client left"
    expected = (CLIENT_GONE, "client_gone") if has_left else (operation.status, "ok" if operation.is_answered else "error")
    actual = (own[0].get("status"), own[0].get("outcome"))
    if actual != expected:
        return failed(expected=f"{operation.id} noted as {expected}", actual=f"{actual}")
    return passed(f"{operation.id}: {actual}")
