"""Check: within time."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.answers.within_time import within_time
from hivecheck.history import Operation


def test_answers_within_the_budget_pass() -> None:
    must_say(within_time(tell(chat(1), chat(2, ended_at=1.9)), seconds=2.0), PASSED, "1.90 s")


def test_one_slow_answer_fails() -> None:
    must_say(within_time(tell(chat(1), chat(2, ended_at=2.1)), seconds=2.0), FAILED, "2.10 s", "r2")


@pytest.mark.parametrize("bad", [refused(2, ended_at=0.1), chat(2, ended_at=0.1, error="cut")])
def test_a_quick_failure_beside_a_slower_answer_fails(bad: Operation) -> None:
    must_say(within_time(tell(chat(1), bad), seconds=2.0), FAILED, "r2")


def test_no_request_is_inconclusive() -> None:
    must_say(within_time(tell(), seconds=2.0), INCONCLUSIVE, "none was sent")
