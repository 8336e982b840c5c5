"""Check: answered after."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.answers.answered_after import answered_after
from hivecheck.history import Event

BACK = Event(5.0, "act", "hive-1", {"what": "started again"})


def test_later_requests_that_were_answered_pass_whatever_came_before() -> None:
    story = tell(refused(1, at=1.0), BACK, chat(2, at=6.0))
    must_say(answered_after(story, node="hive-1", what="started again"), PASSED, "1 answered")


def test_a_later_request_that_was_refused_fails() -> None:
    must_say(answered_after(tell(BACK, chat(1, at=6.0), refused(2, at=7.0)), node="hive-1", what="started again"), FAILED, "r2")


def test_nothing_asked_since_or_nothing_done_is_inconclusive() -> None:
    must_say(answered_after(tell(chat(1, at=1.0), BACK), node="hive-1", what="started again"), INCONCLUSIVE, "none")
    must_say(answered_after(tell(BACK, chat(1, at=6.0)), node="hive-2", what="started again"), INCONCLUSIVE, "0 such acts")
