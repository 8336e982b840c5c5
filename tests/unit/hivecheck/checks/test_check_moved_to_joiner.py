"""Check: moved to joiner."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.sessions.moved_to_joiner import moved_to_joiner
from hivecheck.history import Event, Operation

JOINED = Event(10.0, "act", "worker-9", {"what": "started"})


def turn(session: str, worker: str, at: float) -> list[Operation | Event]:
    number = int(at * 10) + ord(session) * 1000
    told = chat(number, worker=worker, at=at, sent_headers={"X-Request-Id": f"r{number}", "X-Session-ID": session})
    return [told, arrival(told, worker)]


BEFORE = [*turn("s", "worker-1", 1.0), *turn("t", "worker-2", 2.0)]


def test_sessions_that_stay_and_one_that_goes_to_the_joiner_pass() -> None:
    must_say(
        moved_to_joiner(tell(*BEFORE, JOINED, *turn("s", "worker-9", 11.0), *turn("t", "worker-2", 12.0)), joiner="worker-9"),
        PASSED,
        "1 of 2",
    )


def test_a_session_that_moves_elsewhere_fails() -> None:
    story = [*BEFORE, JOINED, *turn("s", "worker-9", 11.0), *turn("t", "worker-1", 12.0)]
    must_say(moved_to_joiner(tell(*story), joiner="worker-9"), FAILED, "1 moved elsewhere")


def test_when_no_session_at_all_moves_it_fails() -> None:
    story = [*BEFORE, JOINED, *turn("s", "worker-1", 11.0), *turn("t", "worker-2", 12.0)]
    must_say(moved_to_joiner(tell(*story), joiner="worker-9"), FAILED, "none did")


def test_nobody_who_joined_or_no_turn_afterwards_is_inconclusive() -> None:
    must_say(moved_to_joiner(tell(*BEFORE), joiner="worker-9"), INCONCLUSIVE)
    must_say(moved_to_joiner(tell(*BEFORE, JOINED, *turn("s", "worker-9", 11.0)), joiner="worker-9"), INCONCLUSIVE)
