"""Check: structured logs."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.observability.structured_logs import FIELDS, structured_logs
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict

BASE = {"time": 1.0, "level": "info", "service": "orchestrator", "node": "orchestrator", "event": "request"}


def ended(operation: Operation, status: int, outcome: str, **changes: Any) -> Event:
    line = BASE | {"request_id": operation.id, "status": status, "outcome": outcome} | changes
    return Event(operation.started_at, "log", "orchestrator", line)


def judged(history: History) -> Verdict:
    return structured_logs(history, orchestrator="orchestrator")


def test_one_line_of_each_end_passes() -> None:
    answered, turned_away, gone = chat(1), refused(2), chat(3, status=200, error="the client left")
    lines = [ended(answered, 200, "ok"), ended(turned_away, 503, "error"), ended(gone, 499, "client_gone")]
    must_say(judged(tell(answered, turned_away, gone, lines)), PASSED)


def test_a_request_without_a_line_or_with_two_fails() -> None:
    told = chat()
    must_say(judged(tell(told, ended(chat(9), 200, "ok"))), FAILED, "end of r1", "actual: 0")
    must_say(judged(tell(told, [ended(told, 200, "ok")] * 2)), FAILED, "actual: 2")


def test_a_line_that_says_something_else_fails() -> None:
    told = refused()
    must_say(judged(tell(told, ended(told, 200, "ok"))), FAILED, "(503, 'error')", "(200, 'ok')")


@pytest.mark.parametrize("name", FIELDS)
def test_a_line_of_any_node_without_a_field_fails(name: str) -> None:
    told = chat()
    other = Event(0.0, "log", "hive-1", {key: value for key, value in BASE.items() if key != name})
    must_say(judged(tell(told, ended(told, 200, "ok"), other)), FAILED, f"['{name}']", "hive-1")


def test_a_line_that_is_no_json_fails() -> None:
    told = chat()
    must_say(judged(tell(told, ended(told, 200, "ok"), Event(0.0, "log", "registry", {"text": "Traceback"}))), FAILED, "Traceback")


def test_without_requests_or_lines_it_is_inconclusive() -> None:
    must_say(judged(tell(chat())), INCONCLUSIVE, "0 lines")
    must_say(judged(tell(ended(chat(), 200, "ok"))), INCONCLUSIVE, "0 requests")
