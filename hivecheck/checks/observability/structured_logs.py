"""Every log line is one JSON object with time, service and event, and each request has one line about its end under its id."""

from __future__ import annotations

import json

from hivecheck.checks.facts import SUCCESS
from hivecheck.history import CLIENT_LEFT, Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, listed

FIELDS = ("time", "level", "service", "node", "event")
CLIENT_GONE = 499  # the status in the log when the client left before it got one (nginx's convention)


def structured_logs(history: History, *, orchestrator: str) -> Verdict:
    """`orchestrator`: the gateway's node. Its log must have a line for every request."""
    lines = history.events("log")
    if not lines or not history.operations():
        actual = f"{counted(len(history.operations()), 'request')}, {counted(len(lines), 'line')}"
        return inconclusive(expected="requests and log lines", actual=actual)
    for line in lines:
        if missing := [name for name in FIELDS if not line.data.get(name)]:
            return failed(
                expected=f"each log line of {line.node} is a JSON object with {', '.join(FIELDS)}",
                actual=f"no {listed(missing)} in {json.dumps(dict(line.data))}",
            )
    ends = [line for line in lines if line.node == orchestrator and line.data["event"] == "request"]
    return worst([_judge_one(operation, ends) for operation in history.operations()])


def _judge_one(operation: Operation, ends: list[Event]) -> Verdict:
    own = [line.data for line in ends if line.data.get("request_id") == operation.id]
    if len(own) != 1:
        return failed(expected=f"one log line about the end of {operation.id}", actual=f"{len(own)}")
    has_left = operation.error == CLIENT_LEFT
    is_broken = operation.status in SUCCESS and operation.error is not None
    outcome = "ok" if operation.is_answered else "upstream_broke" if is_broken else "error"
    expected = (CLIENT_GONE, "client_gone") if has_left else (operation.status, outcome)
    actual = (own[0].get("status"), own[0].get("outcome"))
    if actual != expected:
        return failed(expected=f"the log has status and outcome {listed(expected)} for {operation.id}", actual=listed(actual))
    return passed(f"{operation.id}: {listed(actual)}")
