"""Check: only leavers moved."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, tell

from hivecheck.checks.sessions.only_leavers_moved import only_leavers_moved
from hivecheck.history import Event, Operation

KILLED = Event(10.0, "act", "worker-1", {"what": "killed"})


def turn(session: str, worker: str, at: float) -> list[Operation | Event]:
    number = int(at * 10) + ord(session) * 1000
    told = chat(number, worker=worker, at=at, sent_headers={"X-Request-Id": f"r{number}", "X-Session-ID": session})
    return [told, arrival(told, worker)]


BEFORE = [*turn("s", "worker-1", 1.0), *turn("t", "worker-2", 2.0)]


def test_a_leavers_session_elsewhere_and_the_other_where_it_was_pass() -> None:
    must_say(
        only_leavers_moved(tell(*BEFORE, KILLED, *turn("s", "worker-3", 11.0), *turn("t", "worker-2", 12.0)), what="killed"),
        PASSED,
        "1 of 2",
    )


def test_a_session_of_a_worker_that_lives_must_not_move() -> None:
    must_say(
        only_leavers_moved(tell(*BEFORE, KILLED, *turn("s", "worker-3", 11.0), *turn("t", "worker-3", 12.0)), what="killed"),
        FAILED,
        "only the 1",
    )


def test_a_leavers_session_that_is_still_there_fails() -> None:
    must_say(only_leavers_moved(tell(*BEFORE, KILLED, *turn("s", "worker-1", 11.0), *turn("t", "worker-2", 12.0)), what="killed"), FAILED)


def test_a_session_that_moved_twice_fails() -> None:
    later = [*turn("s", "worker-3", 11.0), *turn("s", "worker-2", 11.5), *turn("t", "worker-2", 12.0)]
    must_say(only_leavers_moved(tell(*BEFORE, KILLED, *later), what="killed"), FAILED)


def test_a_turn_that_was_not_answered_fails() -> None:
    lost = refused(99, sent_headers={"X-Session-ID": "s"}, at=11.0)
    must_say(only_leavers_moved(tell(*BEFORE, KILLED, lost, *turn("t", "worker-2", 12.0)), what="killed"), FAILED, "every turn")


def test_nobody_who_left_or_no_session_there_is_inconclusive() -> None:
    must_say(only_leavers_moved(tell(*BEFORE), what="killed"), INCONCLUSIVE)
    must_say(only_leavers_moved(tell(*turn("t", "worker-2", 2.0), KILLED, *turn("t", "worker-2", 12.0)), what="killed"), INCONCLUSIVE)
    must_say(only_leavers_moved(tell(*BEFORE, KILLED, *turn("t", "worker-2", 12.0)), what="killed"), INCONCLUSIVE)
