"""A request reached the worker as its client sent it: same path, every field, every header the client set."""

from __future__ import annotations

import json
from typing import Any

from hivecheck.history import History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst


def unchanged(history: History) -> Verdict:
    """Judges every request of the scenario by the journal of the worker that got it."""
    return worst([_judge_one(history, operation) for operation in history.operations()])


def _judge_one(history: History, operation: Operation) -> Verdict:
    arrivals = history.arrivals(operation)
    if not arrivals or arrivals[0].data.get("body") is None:
        return inconclusive(expected="a journal line with the request's body", actual=f"{len(arrivals)} arrivals of {operation.id}")
    line = arrivals[0].data
    headers = {name.lower(): value for name, value in line.get("headers", {}).items()}
    lost = {name: headers.get(name.lower()) for name, value in operation.sent_headers.items() if headers.get(name.lower()) != value}
    if line.get("path") != operation.path or lost:
        return failed(
            expected=f"{operation.path} with headers {dict(operation.sent_headers)}", actual=f"{line.get('path')}, other headers {lost}"
        )
    if _parsed(line["body"]) != operation.request:
        return failed(expected=f"body {dict(operation.request)}", actual=line["body"])
    return passed(f"{operation.id}: unchanged at {arrivals[0].node}")


def _parsed(text: str) -> Any:
    """The JSON of a text; a text that is none stands for itself, and equals no body that a client sent."""
    try:
        return json.loads(text)
    except ValueError:
        return text
