"""Check: resolved."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, tell

from hivecheck.checks.answers.resolved import resolved
from hivecheck.history import History
from hivecheck.verdict import Verdict

ASKED: dict[str, Any] = {"model": "acme/fast", "request": {"model": "acme/fast", "max_tokens": 4}}


def judged(history: History) -> Verdict:
    return resolved(history, model="model-a", workers=["worker-1"])


def test_the_served_name_and_the_rest_unchanged_pass() -> None:
    told = chat(**ASKED)
    must_say(judged(tell(told, arrival(told))), PASSED, "acme/fast", "model-a")


@pytest.mark.parametrize(
    "data",
    [
        {"body": '{"max_tokens": 4, "model": "acme/fast"}'},
        {"body": '{"max_tokens": 5, "model": "model-a"}'},
        {"body": "[]"},
        {"body": None},
    ],
)
def test_another_name_or_another_field_fails(data: dict[str, Any]) -> None:
    told = chat(**ASKED)
    must_say(judged(tell(told, arrival(told, **data))), FAILED, "acme/fast")


def test_a_worker_of_another_model_fails() -> None:
    told = chat(**ASKED)
    must_say(judged(tell(told, arrival(told, "worker-2"))), FAILED, "worker-2")


def test_a_request_that_went_nowhere_or_was_refused_fails() -> None:
    must_say(judged(tell(chat(**ASKED))), FAILED)
    told = refused(**ASKED)
    must_say(judged(tell(told, arrival(told))), FAILED)


def test_no_request_is_inconclusive() -> None:
    must_say(judged(tell()), INCONCLUSIVE)
