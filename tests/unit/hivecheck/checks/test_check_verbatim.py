"""Check: verbatim."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, stream, tell

from hivecheck.checks.answers.verbatim import verbatim
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Verdict

SENT = {"model": "model-a", "z": 1e-07, "a": "ü"}
HEADERS = {"X-Request-Id": "r1", "Tracestate": "v=1"}
ANSWERED = {"X-Request-Id": "r1", "X-Odd-Answer": "yes"}


def asked(**changes: Any) -> Operation:
    return chat(**({"request": SENT, "sent_headers": HEADERS, "headers": ANSWERED} | changes))


def arrived(operation: Operation, body: bytes | None = None, **changes: Any) -> Event:
    data = json.dumps(SENT).encode() if body is None else body
    return arrival(operation, **({"body": data.decode(), "body_sha256": hashlib.sha256(data).hexdigest()} | changes))


def judged(history: History) -> Verdict:
    return verbatim(history, returned={"X-Odd-Answer": "yes"})


def test_the_same_bytes_and_headers_both_ways_pass() -> None:
    must_say(judged(tell(asked(), arrived(asked()))), PASSED)


def test_the_same_fields_in_other_bytes_fail() -> None:
    must_say(judged(tell(asked(), arrived(asked(), json.dumps(SENT, ensure_ascii=False).encode()))), FAILED, "bytes")


def test_a_stream_may_be_asked_for_its_usage_and_nothing_else() -> None:
    streamed = stream(request=SENT | {"stream": True}, sent_headers=HEADERS, headers=ANSWERED)
    for extra, answer in (({"stream_options": {"include_usage": True}}, PASSED), ({"n": 1}, FAILED)):
        body = json.dumps(SENT | {"stream": True} | extra).encode()
        must_say(judged(tell(streamed, arrived(streamed, body))), answer)


@pytest.mark.parametrize("changes", [{"headers": {"x-request-id": "r1"}}, {"path": "/v1/completions"}])
def test_a_lost_header_or_another_path_fails(changes: dict[str, Any]) -> None:
    must_say(judged(tell(asked(), arrived(asked(), **changes))), FAILED)


@pytest.mark.parametrize("headers", [{"X-Request-Id": "r1"}, {"X-Request-Id": "r2", "X-Odd-Answer": "yes"}])
def test_an_answer_without_what_the_worker_said_or_under_another_id_fails(headers: dict[str, str]) -> None:
    told = asked(headers=headers)
    must_say(judged(tell(told, arrived(told))), FAILED, "an answer with")


def test_without_a_journal_it_is_inconclusive() -> None:
    must_say(judged(tell(asked())), INCONCLUSIVE)
