"""What a client sent arrived as it was, to the byte, and what the worker said came back with every header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict, failed, inconclusive, passed, worst

# Where a stream is concerned, the gateway may ask for the usage in the client's stead; nothing else is its own.
OF_THE_GATEWAY = "stream_options"


def verbatim(history: History, *, returned: Mapping[str, str]) -> Verdict:
    """`returned`: headers that the worker put on its answers. Judges every request by the journal of the worker that got it."""
    return worst([_judge_one(history, operation, returned) for operation in history.operations()])


def _judge_one(history: History, operation: Operation, returned: Mapping[str, str]) -> Verdict:
    arrivals = history.arrivals(operation)
    if not arrivals or not operation.is_answered:
        return inconclusive(expected="an answered request in a worker's journal", actual=operation.sentence())
    line = arrivals[0].data
    lost = {name: value for name, value in operation.sent_headers.items() if line["headers"].get(name.lower()) != value}
    if line.get("path") != operation.path or lost:
        return failed(expected=f"{operation.path} with headers {lost}", actual=f"{line.get('path')} with {line['headers']}")
    if wrong := _wrong_body(operation, arrivals[0]):
        return failed(expected=wrong, actual=f"{line.get('body')}")
    missing = {name: value for name, value in returned.items() if operation.header(name) != value}
    if missing or operation.header("X-Request-Id") != operation.id:
        return failed(expected=f"an answer with {dict(returned)} and X-Request-Id {operation.id}", actual=f"{dict(operation.headers)}")
    return passed(f"{operation.id}: as it was at {arrivals[0].node}")


def _wrong_body(operation: Operation, arrival: Event) -> str | None:
    sent = json.dumps(operation.request).encode()
    if not operation.is_stream:
        is_same = arrival.data.get("body_sha256") == hashlib.sha256(sent).hexdigest()
        return None if is_same else f"these {len(sent)} bytes: {sent.decode()}"
    actual = json.loads(arrival.data.get("body") or "null")
    return None if _less(actual) == _less(operation.request) else f"the fields {operation.request}"


def _less(body: Any) -> Any:
    return {name: value for name, value in body.items() if name != OF_THE_GATEWAY} if isinstance(body, Mapping) else body
