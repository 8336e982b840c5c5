"""Check: turned away."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, tell

from hivecheck.checks.answers.turned_away import turned_away

ERROR = {"message": "No.", "type": "invalid_request_error", "param": None, "code": "invalid_request"}
ILL: dict[str, Any] = {"purpose": "hostile", "status": 400, "body": {"error": ERROR}, "path": "no HTTP at all"}


def test_an_error_object_in_time_passes_beside_others_requests() -> None:
    other = chat(2)
    must_say(turned_away(tell(refused(**ILL), other, arrival(other)), seconds=1.0), PASSED, "no HTTP at all")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 200}, "status is 200"),
        ({"status": 500}, "status is 500"),
        ({"status": 408}, "status is 408"),
        ({"status": None, "error": "ConnectionResetError"}, "ConnectionResetError"),
        ({"body": None, "raw": "Bad Request"}, "no error object"),
        ({"body": {"error": "no"}}, "no error object"),
        ({"body": {"error": ERROR | {"message": "x" * 5000}}}, "repeats"),
        ({"headers": {}}, "no request id"),
        ({"ended_at": 9.0}, "took 9.00 s"),
    ],
)
def test_each_other_end_fails_by_name(changes: dict[str, Any], word: str) -> None:
    must_say(turned_away(tell(refused(**(ILL | changes))), seconds=1.0), FAILED, word)


def test_the_status_is_looked_at_where_one_is_wanted() -> None:
    must_say(turned_away(tell(refused(**ILL)), seconds=1.0, status=400), PASSED)
    must_say(turned_away(tell(refused(**ILL)), seconds=1.0, status=413), FAILED, "not 413")


def test_a_worker_that_heard_of_an_intruder_fails() -> None:
    ill = refused(**ILL)
    must_say(turned_away(tell(ill, arrival(ill)), seconds=1.0), FAILED, "arrival")


def test_nobody_is_inconclusive() -> None:
    must_say(turned_away(tell(chat()), seconds=1.0), INCONCLUSIVE)
