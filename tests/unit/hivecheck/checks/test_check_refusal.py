"""Checks: refusal, turned away."""

from __future__ import annotations

from typing import Any

import pytest
from stories import ERROR, FAILED, INCONCLUSIVE, PASSED, TWO, arrival, chat, must_have_no_room, must_say, refused, tell

from hivecheck.checks.answers.refusal import hostile_refused, refusal
from hivecheck.verdict import Answer

JSON = {"X-Request-Id": "r1", "Content-Type": "application/json"}


def test_openai_refusal_passes() -> None:
    """A refusal with an OpenAI error object passes."""
    must_say(refusal(tell(refused(1), refused(2)), status=503, code="no_worker", param=None, has_retry_after=True), PASSED)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 500}, "status is 500"),
        ({"body": {"error": ERROR | {"code": "other"}}}, "code is 'other'"),
        ({"body": {"error": ERROR | {"message": ""}}}, "no message"),
        ({"body": {"error": ERROR | {"type": None}}}, "no type"),
        ({"body": {"error": {name: ERROR[name] for name in ("message", "type", "code")}}}, "no param field"),
        ({"body": {"error": ERROR | {"param": "model"}}}, "param is 'model'"),
        ({"headers": {"X-Request-Id": "r1"}}, "Retry-After is ''"),
        ({"headers": {"X-Request-Id": "r1", "Retry-After": "0"}}, "Retry-After is '0'"),
        ({"headers": {"X-Request-Id": "r9", "Retry-After": "1"}}, "X-Request-Id is 'r9'"),
        ({"headers": {"X-Request-Id": "r1", "Retry-After": "1", "Content-Type": "text/plain"}}, "content type is 'text/plain'"),
        ({"body": {"error": "no"}}, "code is None"),
        ({"body": None}, "code is None"),
    ],
)
def test_wrong_refusal_fails(changes: dict[str, Any], word: str) -> None:
    """Each wrong part of a refusal fails by name."""
    must_say(refusal(tell(refused(**changes)), status=503, code="no_worker", param=None, has_retry_after=True), FAILED, word)


def test_answer_among_refusals_fails() -> None:
    """An answer among refusals fails."""
    must_say(refusal(tell(refused(1), chat(2)), status=503, code="no_worker"), FAILED, "r2")


def test_param_is_optional() -> None:
    """The parameter is compared only when the caller names it."""
    named = refused(body={"error": ERROR | {"param": "model"}})
    must_say(refusal(tell(named), status=503, code="no_worker"), PASSED)
    must_say(refusal(tell(named), status=503, code="no_worker", param="model"), PASSED)


def test_refusal_without_request_is_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(refusal(tell(), status=503, code="no_worker"), INCONCLUSIVE)


HOSTILE_ERROR = {"message": "No.", "type": "invalid_request_error", "param": None, "code": "invalid_request"}
HOSTILE: dict[str, Any] = {"purpose": "hostile", "status": 400, "body": {"error": HOSTILE_ERROR}, "path": "no HTTP at all"}


def test_hostile_refusal_passes() -> None:
    """An error object in time passes, and arrivals of other clients do not count."""
    other = chat(2)
    must_say(hostile_refused(tell(refused(**HOSTILE), other, arrival(other)), seconds=1.0, workers=TWO), PASSED, "no HTTP at all")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 200}, "status is 200"),
        ({"status": 500}, "status is 500"),
        ({"status": 408}, "status is 408"),
        ({"status": None, "error": "ConnectionResetError"}, "ConnectionResetError"),
        ({"body": None, "raw": "Bad Request"}, "no error object"),
        ({"body": {"error": "no"}}, "no error object"),
        ({"body": {"error": HOSTILE_ERROR | {"message": "x" * 5000}}}, "echoes"),
        ({"headers": {}}, "no request id"),
        ({"headers": {"X-Request-Id": "r1"}}, "content type is None"),
        ({"ended_at": 9.0}, "took 9.00 s"),
    ],
)
def test_hostile_other_end_fails(changes: dict[str, Any], word: str) -> None:
    """Each other end fails by name."""
    must_say(hostile_refused(tell(refused(**(HOSTILE | changes))), seconds=1.0, workers=TWO), FAILED, word)


def test_hostile_status_is_optional() -> None:
    """The status is compared only when the caller names it."""
    must_say(hostile_refused(tell(refused(**HOSTILE)), seconds=1.0, workers=TWO, status=400), PASSED)
    must_say(hostile_refused(tell(refused(**HOSTILE)), seconds=1.0, workers=TWO, status=413), FAILED, "not 413")


def test_hostile_arrival_fails() -> None:
    """A hostile request at a worker fails."""
    ill = refused(**HOSTILE)
    must_say(hostile_refused(tell(ill, arrival(ill)), seconds=1.0, workers=TWO), FAILED, "arrival")


def test_no_hostile_client_is_inconclusive() -> None:
    """A scenario without hostile clients gives no verdict."""
    must_say(hostile_refused(tell(chat()), seconds=1.0, workers=TWO), INCONCLUSIVE)


def test_hostile_no_room() -> None:
    """A stack without a worker cannot show that hostile requests reach none."""
    must_have_no_room(hostile_refused(tell(refused(**HOSTILE)), seconds=1.0, workers={}), "the stack has none")


@pytest.mark.parametrize(("attempts", "answer"), [("1", FAILED), ("2", PASSED)])
def test_refusal_advice_of_one_busy_worker(attempts: str, answer: Answer) -> None:
    """After one attempt at a busy worker the gateway must not discourage a retry. After several it may."""
    busy = refused(status=429, headers=JSON | {"X-Attempts": attempts, "X-Should-Retry": "false"})
    must_say(refusal(tell(busy), status=429, code="no_worker"), answer, *(["X-Should-Retry"] if answer is FAILED else []))
