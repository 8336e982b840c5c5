"""Check: structured logs."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.observability.structured_logs import FIELDS, structured_logs
from hivecheck.history import CLIENT_LEFT, Event, History, Operation
from hivecheck.verdict import Verdict

BASE = {"time": 1.0, "level": "info", "service": "orchestrator", "node": "orchestrator", "event": "request"}


def ended(operation: Operation, status: int, outcome: str, **changes: Any) -> Event:
    line = BASE | {"request_id": operation.id, "status": status, "outcome": outcome} | changes
    return Event(operation.started_at, "log", "orchestrator", line)


def judged(history: History) -> Verdict:
    return structured_logs(history, orchestrator="orchestrator")


def test_one_line_each_passes() -> None:
    """One log line about the end of each request passes."""
    answered, rejected, gone = chat(1), refused(2), chat(3, status=200, error=CLIENT_LEFT)
    lines = [ended(answered, 200, "ok"), ended(rejected, 503, "error"), ended(gone, 499, "client_gone")]
    must_say(judged(tell(answered, rejected, gone, lines)), PASSED)


def test_other_number_of_lines_fails() -> None:
    """No line or two lines about a request fail."""
    request = chat()
    must_say(judged(tell(request, ended(chat(9), 200, "ok"))), FAILED, "end of r1", "actual: 0")
    must_say(judged(tell(request, [ended(request, 200, "ok")] * 2)), FAILED, "actual: 2")


def test_wrong_outcome_fails() -> None:
    """A line with another status or outcome fails."""
    request = refused()
    must_say(judged(tell(request, ended(request, 200, "ok"))), FAILED, "503 and error", "200 and ok")


def test_broken_stream_is_no_success() -> None:
    """A stream that its worker broke off has an outcome of its own."""
    broken = chat(status=200, error="cut")
    must_say(judged(tell(broken, ended(broken, 200, "upstream_broke"))), PASSED)
    must_say(judged(tell(broken, ended(broken, 200, "ok"))), FAILED, "200 and upstream_broke")


@pytest.mark.parametrize("name", FIELDS)
def test_missing_field_fails(name: str) -> None:
    """A line of any node without a field fails."""
    request = chat()
    other = Event(0.0, "log", "hive-1", {key: value for key, value in BASE.items() if key != name})
    must_say(judged(tell(request, ended(request, 200, "ok"), other)), FAILED, f"no {name} in", "hive-1")


def test_no_json_fails() -> None:
    """A line that is no JSON fails."""
    request = chat()
    must_say(judged(tell(request, ended(request, 200, "ok"), Event(0.0, "log", "registry", {"text": "Traceback"}))), FAILED, "Traceback")


def test_too_little_data_is_inconclusive() -> None:
    """No requests, or no lines, give no verdict."""
    must_say(judged(tell(chat())), INCONCLUSIVE, "0 lines")
    must_say(judged(tell(ended(chat(), 200, "ok"))), INCONCLUSIVE, "0 requests")
