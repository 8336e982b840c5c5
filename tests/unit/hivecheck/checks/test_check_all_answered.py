"""Check: all answered."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, stream, tell

from hivecheck.checks.answers.all_answered import all_answered
from hivecheck.history import Operation


def test_answered_requests_pass() -> None:
    must_say(all_answered(tell(chat(1), stream(2)), count=2), PASSED)


@pytest.mark.parametrize(
    "bad",
    [
        refused(2),
        chat(2, status=None, error="connection refused"),
        chat(2, ended_at=None),
        chat(2, error="no end within 3 s"),
        stream(2, saw_done=False),
        stream(2, stream_error={"code": "upstream_error"}),
    ],
)
def test_one_request_without_a_whole_answer_fails(bad: Operation) -> None:
    must_say(all_answered(tell(chat(1), bad)), FAILED, "1 of 2 not", "r2")


@pytest.mark.parametrize("count", [None, 2])
def test_another_number_of_requests_than_the_scenario_says_is_inconclusive(count: int | None) -> None:
    must_say(all_answered(tell(), count=count), INCONCLUSIVE, "0 requests were sent")


def test_fewer_requests_than_counted_on_are_inconclusive() -> None:
    must_say(all_answered(tell(chat(1)), count=2), INCONCLUSIVE, "1 requests were sent")
