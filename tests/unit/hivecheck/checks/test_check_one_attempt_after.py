"""Check: one attempt after."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.routing.one_attempt_after import one_attempt_after
from hivecheck.history import Event, Operation

KILLED = Event(5.0, "act", "worker-1", {"what": "killed"})


def test_later_requests_with_one_attempt_pass_whatever_came_before() -> None:
    before = chat(1, at=1.0, headers={"X-Attempts": "2"})
    must_say(one_attempt_after(tell(before, KILLED, chat(2, at=6.0))), PASSED, "1 requests")


@pytest.mark.parametrize("bad", [chat(2, at=6.0, headers={"X-Attempts": "2"}), chat(2, at=6.0, headers={}), refused(2, at=6.0)])
def test_a_later_request_with_more_attempts_or_no_answer_fails(bad: Operation) -> None:
    must_say(one_attempt_after(tell(KILLED, chat(1, at=6.0), bad)), FAILED, "r2")


def test_only_the_last_act_counts() -> None:
    again = Event(7.0, "act", "worker-2", {"what": "killed"})
    must_say(one_attempt_after(tell(KILLED, chat(1, at=6.0, headers={"X-Attempts": "2"}), again, chat(2, at=8.0))), PASSED)


def test_no_request_after_the_act_is_inconclusive() -> None:
    must_say(one_attempt_after(tell(chat(1, at=1.0), KILLED)), INCONCLUSIVE, "killed")


def test_another_kind_of_act_is_inconclusive() -> None:
    must_say(one_attempt_after(tell(KILLED, chat(1, at=6.0)), what="paused"), INCONCLUSIVE, "paused")
