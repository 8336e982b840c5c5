"""Checks: unchanged, verbatim, resolved."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, stream, tell

from hivecheck.checks.answers.fidelity import resolved, unchanged, verbatim
from hivecheck.history import Event, History, Operation
from hivecheck.verdict import Answer, Verdict

REQUEST = chat(sent_headers={"X-Request-Id": "r1", "X-Unknown": "one, two"})


def test_unchanged_passes() -> None:
    """The same path, fields and headers pass, whatever the gateway adds."""
    headers = {"x-request-id": "r1", "x-unknown": "one, two", "x-added": "by the gateway"}
    must_say(unchanged(tell(REQUEST, arrival(REQUEST, headers=headers))), PASSED, "worker-1")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"path": "/v1/completions"}, "/v1/completions"),
        ({"headers": {"x-request-id": "r1"}}, "differ: x-unknown: none"),
        ({"headers": {"x-request-id": "r1", "x-unknown": "one"}}, "differ: x-unknown: one"),
        ({"body": '{"model": "model-a"}'}, '{"model": "model-a"}'),
        ({"body": '{"model": "model-a", "max_tokens": 4, "more": 1}'}, "more"),
        ({"body": '{"model": "model-a", "max'}, '"max'),
    ],
)
def test_changed_part_fails(changes: dict[str, Any], word: str) -> None:
    """A lost or changed part fails by name."""
    must_say(unchanged(tell(REQUEST, arrival(REQUEST, **changes))), FAILED, word)


@pytest.mark.parametrize(("arrived", "answer"), [("a=1, b=2", PASSED), ("b=2", FAILED), ("b=2, a=1", FAILED)])
def test_repeated_header(arrived: str, answer: Answer) -> None:
    """A header that the client sends twice arrives with both values in their order."""
    request = chat(sent_headers={"Tracestate": "a=1", "tracestate": "b=2"})
    must_say(unchanged(tell(request, arrival(request, headers={"tracestate": arrived}))), answer)


@pytest.mark.parametrize(("headers", "answer"), [((("X-Odd", "1"), ("x-odd", "2")), PASSED), ((("X-Odd", "2"),), FAILED)])
def test_repeated_header_of_answer(headers: tuple[tuple[str, str], ...], answer: Answer) -> None:
    """A header that the worker sends twice returns with both values."""
    request = sent(headers=(("X-Request-Id", "r1"), *headers))
    must_say(verbatim(tell(request, arrived(request)), returned={"X-Odd": "1", "x-odd": "2"}), answer)


def test_doubled_request_id_fails() -> None:
    """An answer with two request ids fails, although both are right."""
    request = sent(headers=(("X-Request-Id", "r1"), ("X-Request-Id", "r1")))
    must_say(verbatim(tell(request, arrived(request)), returned={}), FAILED, "X-Request-Id r1")


def test_unchanged_without_body_is_inconclusive() -> None:
    """An arrival without a body gives no verdict."""
    must_say(unchanged(tell(REQUEST, arrival(REQUEST, body=None))), INCONCLUSIVE, "1 arrival ")


def test_unchanged_without_arrival_is_inconclusive() -> None:
    """A request without an arrival gives no verdict."""
    must_say(unchanged(tell(REQUEST)), INCONCLUSIVE, "0 arrivals")


SENT = {"model": "model-a", "z": 1e-07, "a": "ü"}
HEADERS = {"X-Request-Id": "r1", "Tracestate": "v=1"}
ANSWERED = {"X-Request-Id": "r1", "X-Odd-Answer": "yes"}


def sent(**changes: Any) -> Operation:
    return chat(**({"request": SENT, "sent_headers": HEADERS, "headers": ANSWERED} | changes))


def arrived(operation: Operation, body: bytes | None = None, **changes: Any) -> Event:
    data = json.dumps(SENT).encode() if body is None else body
    return arrival(operation, **({"body": data.decode(), "body_sha256": hashlib.sha256(data).hexdigest()} | changes))


def judged_verbatim(history: History) -> Verdict:
    return verbatim(history, returned={"X-Odd-Answer": "yes"})


def test_verbatim_passes() -> None:
    """The same bytes and headers in both directions pass."""
    must_say(judged_verbatim(tell(sent(), arrived(sent()))), PASSED)


def test_other_bytes_fail() -> None:
    """The same fields in other bytes fail."""
    must_say(judged_verbatim(tell(sent(), arrived(sent(), json.dumps(SENT, ensure_ascii=False).encode()))), FAILED, "bytes")


def test_usage_option_may_be_added() -> None:
    """The gateway may add stream_options to a stream, and nothing else."""
    streamed = stream(request=SENT | {"stream": True}, sent_headers=HEADERS, headers=ANSWERED)
    for extra, answer in (({"stream_options": {"include_usage": True}}, PASSED), ({"n": 1}, FAILED)):
        body = json.dumps(SENT | {"stream": True} | extra).encode()
        must_say(judged_verbatim(tell(streamed, arrived(streamed, body))), answer)


@pytest.mark.parametrize("changes", [{"headers": {"x-request-id": "r1"}}, {"path": "/v1/completions"}])
def test_verbatim_lost_head_fails(changes: dict[str, Any]) -> None:
    """A lost header or another path fails."""
    must_say(judged_verbatim(tell(sent(), arrived(sent(), **changes))), FAILED)


@pytest.mark.parametrize("headers", [{"X-Request-Id": "r1"}, {"X-Request-Id": "r2", "X-Odd-Answer": "yes"}])
def test_lost_answer_header_fails(headers: dict[str, str]) -> None:
    """An answer without the worker's header, or with another id, fails."""
    request = sent(headers=headers)
    must_say(judged_verbatim(tell(request, arrived(request))), FAILED, "the answer has headers")


def test_verbatim_without_journal_is_inconclusive() -> None:
    """A request without an arrival gives no verdict."""
    must_say(judged_verbatim(tell(sent())), INCONCLUSIVE)


ALIASED: dict[str, Any] = {"model": "acme/fast", "request": {"model": "acme/fast", "max_tokens": 4}}


def judged_resolved(history: History) -> Verdict:
    return resolved(history, model="model-a", workers=["worker-1"])


def test_resolved_name_passes() -> None:
    """The worker's name for the model, and all other fields unchanged, pass."""
    request = chat(**ALIASED)
    must_say(judged_resolved(tell(request, arrival(request))), PASSED, "acme/fast", "model-a")


@pytest.mark.parametrize(
    "data",
    [
        {"body": '{"max_tokens": 4, "model": "acme/fast"}'},
        {"body": '{"max_tokens": 5, "model": "model-a"}'},
        {"body": "[]"},
        {"body": None},
    ],
)
def test_other_name_fails(data: dict[str, Any]) -> None:
    """Another name or another field at the worker fails."""
    request = chat(**ALIASED)
    must_say(judged_resolved(tell(request, arrival(request, **data))), FAILED, "acme/fast")


def test_other_worker_fails() -> None:
    """A worker of another model fails."""
    request = chat(**ALIASED)
    must_say(judged_resolved(tell(request, arrival(request, "worker-2"))), FAILED, "worker-2")


def test_unresolved_request_fails() -> None:
    """A request without an arrival, or with a refusal, fails."""
    must_say(judged_resolved(tell(chat(**ALIASED))), FAILED)
    request = refused(**ALIASED)
    must_say(judged_resolved(tell(request, arrival(request))), FAILED)


def test_resolved_without_request_is_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(judged_resolved(tell()), INCONCLUSIVE)
