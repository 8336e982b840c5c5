"""Check: refusal."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.answers.refusal import refusal

ERROR = {"message": "No worker.", "type": "server_error", "code": "no_worker", "param": None}


def test_a_refusal_in_openai_s_form_passes() -> None:
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
        ({"headers": {"X-Request-Id": "r9", "Retry-After": "1"}}, "X-Request-Id is 'r9'"),
        ({"body": {"error": "no"}}, "code is None"),
        ({"body": None}, "code is None"),
    ],
)
def test_each_way_of_refusing_wrongly_fails_by_name(changes: dict[str, Any], word: str) -> None:
    must_say(refusal(tell(refused(**changes)), status=503, code="no_worker", param=None, has_retry_after=True), FAILED, word)


def test_an_answer_among_refusals_fails() -> None:
    must_say(refusal(tell(refused(1), chat(2)), status=503, code="no_worker"), FAILED, "r2")


def test_the_parameter_is_not_looked_at_unless_asked_for() -> None:
    named = refused(body={"error": ERROR | {"param": "model"}})
    must_say(refusal(tell(named), status=503, code="no_worker"), PASSED)
    must_say(refusal(tell(named), status=503, code="no_worker", param="model"), PASSED)


def test_no_request_is_inconclusive() -> None:
    must_say(refusal(tell(), status=503, code="no_worker"), INCONCLUSIVE)
