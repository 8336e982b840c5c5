"""Check: unchanged."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.answers.unchanged import unchanged

TOLD = chat(sent_headers={"X-Request-Id": "r1", "X-Unknown": "one, two"})


def test_path_fields_and_headers_as_sent_pass_whatever_else_was_added() -> None:
    headers = {"x-request-id": "r1", "x-unknown": "one, two", "x-added": "by the gateway"}
    must_say(unchanged(tell(TOLD, arrival(TOLD, headers=headers))), PASSED, "worker-1")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"path": "/v1/completions"}, "/v1/completions"),
        ({"headers": {"x-request-id": "r1"}}, "'X-Unknown': None"),
        ({"headers": {"x-request-id": "r1", "x-unknown": "one"}}, "'X-Unknown': 'one'"),
        ({"body": '{"model": "model-a"}'}, '{"model": "model-a"}'),
        ({"body": '{"model": "model-a", "max_tokens": 4, "more": 1}'}, "more"),
        ({"body": '{"model": "model-a", "max'}, '"max'),
    ],
)
def test_a_lost_or_altered_part_fails_by_name(changes: dict[str, Any], word: str) -> None:
    must_say(unchanged(tell(TOLD, arrival(TOLD, **changes))), FAILED, word)


def test_an_arrival_without_a_body_is_inconclusive() -> None:
    must_say(unchanged(tell(TOLD, arrival(TOLD, body=None))), INCONCLUSIVE, "1 arrivals")


def test_a_request_that_reached_no_worker_is_inconclusive() -> None:
    must_say(unchanged(tell(TOLD)), INCONCLUSIVE, "0 arrivals")
