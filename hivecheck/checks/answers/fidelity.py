"""The gateway passes requests and answers on without a change: path, headers and body, apart from the model name of an alias."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from hivecheck.checks.standard import ECHO, is_identified
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst
from hivecheck.wording import counted, figures, listed

# For its ledger the gateway may ask a stream for its usage. It may change nothing else.
OF_THE_GATEWAY = "stream_options"


def unchanged(history: History, *, passes_headers: bool = True) -> Verdict:
    """Every request has the same path, fields and headers in the journal of its worker. `passes_headers`: by the dialect of a target."""
    return worst([_judge_unchanged(history, operation, passes_headers) for operation in history.operations()])


def _judge_unchanged(history: History, operation: Operation, passes_headers: bool) -> Verdict:
    arrivals = history.arrivals(operation)
    if not arrivals or arrivals[0].data.get("body") is None:
        actual = f"{counted(len(arrivals), 'arrival')} of {operation.id}, without a body"
        return inconclusive(expected=f"a journal line with the body of {operation.id}", actual=actual)
    line = arrivals[0].data
    if different := _different_head(operation, line, passes_headers):
        return different
    if _parsed(line["body"]) != operation.request:
        return failed(expected=f"{operation.id} arrives with body {json.dumps(operation.request)}", actual=line["body"])
    return passed(f"{operation.id}: unchanged at {arrivals[0].node}")


def verbatim(history: History, *, returned: Mapping[str, str], request_id: str = ECHO, passes_headers: bool = True) -> Verdict:
    """Every body arrived byte for byte, and the answer has the headers `returned` that the worker set.

    `request_id` and `passes_headers` are the dialect of a target. The defaults are those of the reference.
    """
    return worst([_judge_verbatim(history, operation, returned, request_id, passes_headers) for operation in history.operations()])


def _judge_verbatim(history: History, operation: Operation, returned: Mapping[str, str], request_id: str, passes_headers: bool) -> Verdict:
    arrivals = history.arrivals(operation)
    if not arrivals or not operation.is_answered:
        return inconclusive(expected="an answered request in the journal of a worker", actual=operation.sentence())
    if different := _different_head(operation, arrivals[0].data, passes_headers):
        return different
    if wrong := _wrong_body(operation, arrivals[0]):
        return failed(expected=f"{operation.id} arrives with {wrong}", actual=f"{arrivals[0].data.get('body')}")
    missing = {name: value for name, value in _joined(returned).items() if operation.header(name) != value}
    if missing or not is_identified(operation, request_id):
        wanted = f"X-Request-Id {operation.id}" if request_id == ECHO else f"a request id ({request_id})"
        expected = f"the answer has headers {figures(returned)} and {wanted}"
        return failed(expected=expected, actual=listed(": ".join(header) for header in operation.headers))
    return passed(f"{operation.id}: identical at {arrivals[0].node}")


def resolved(history: History, *, model: str, workers: Collection[str]) -> Verdict:
    """Every request reached one of `workers` under the name `model`, whatever alias the client used. All other fields are the same."""
    return worst([_judge_resolved(history, operation, model, workers) for operation in history.operations()])


def _judge_resolved(history: History, operation: Operation, model: str, workers: Collection[str]) -> Verdict:
    actual = [(line.node, _object(line.data.get("body"))) for line in history.arrivals(operation)]
    expected: dict[str, Any] = {**operation.request, "model": model}
    is_right = len(actual) == 1 and actual[0][0] in workers and actual[0][1] == expected
    if not operation.is_answered or not is_right:
        arrived = listed(f"{json.dumps(body)} at {node}" for node, body in actual)
        return failed(
            expected=f"one of {listed(sorted(workers))} answers {operation.model} and receives {json.dumps(expected)}",
            actual=f"{arrived}: {operation.sentence()}",
        )
    return passed(f"{operation.id}: {actual[0][0]} served {operation.model} as {model}")


def _different_head(operation: Operation, line: Mapping[str, Any], passes_headers: bool) -> Verdict | None:
    """A failure if path or headers of the journal line differ from those that the client sent."""
    arrived = _joined(line.get("headers", {}))
    lost = {name: arrived.get(name) for name, value in _joined(operation.sent_headers).items() if arrived.get(name) != value}
    if line.get("path") == operation.path and not (lost and passes_headers):
        return None
    return failed(
        expected=f"{operation.id} arrives at {operation.path} with headers {figures(operation.sent_headers)}",
        actual=f"path {line.get('path')}; these headers differ: {figures(lost)}",
    )


def _joined(headers: Mapping[str, str]) -> dict[str, str]:
    """By lower-case name, the values in their order. The journal joins those of a repeated header too."""
    # Header names ignore case (RFC 9110, section 5.1), and HTTP libraries change it.
    found: dict[str, str] = {}
    for name, value in headers.items():
        found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
    return found


def _parsed(text: str) -> Any:
    """The JSON of a text. Text that is no JSON stands for itself and equals no body that a client sent."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _object(text: object) -> Mapping[str, Any] | None:
    """The JSON object of a journal line. None where the line has no body, because it was too long, or another JSON type."""
    body = json.loads(text) if isinstance(text, str) else None
    return body if isinstance(body, dict) else None


def _wrong_body(operation: Operation, arrival: Event) -> str | None:
    sent = json.dumps(operation.request).encode()
    # The gateway adds `stream_options` to the body of a stream, so its bytes and their hash differ.
    if not operation.is_stream:
        is_same = arrival.data.get("body_sha256") == hashlib.sha256(sent).hexdigest()
        return None if is_same else f"exactly these {counted(len(sent), 'byte')}: {sent.decode()}"
    actual = json.loads(arrival.data.get("body") or "null")
    return None if _less(actual) == _less(operation.request) else f"the fields {json.dumps(operation.request)}"


def _less(body: Any) -> Any:
    return {name: value for name, value in body.items() if name != OF_THE_GATEWAY} if isinstance(body, Mapping) else body
