"""Checks: moved to the new worker, only lost sessions moved."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_have_no_room, must_say, refused, tell

from hivecheck.checks.sessions.rebalancing import moved_to_new_worker, only_lost_sessions_moved
from hivecheck.history import Event, Operation

KILLED = Event(10.0, "act", "worker-1", {"what": "killed"})
JOINED = Event(10.0, "act", "worker-9", {"what": "started"})


def turn(session: str, worker: str, at: float) -> list[Operation | Event]:
    number = int(at * 10) + ord(session) * 1000
    request = chat(number, worker=worker, at=at, sent_headers={"X-Request-Id": f"r{number}", "X-Session-ID": session})
    return [request, arrival(request, worker)]


BEFORE = [*turn("s", "worker-1", 1.0), *turn("t", "worker-2", 2.0)]


def test_move_to_new_worker_passes() -> None:
    """Sessions that stay, and one that moves to the new worker, pass."""
    must_say(
        moved_to_new_worker(tell(*BEFORE, JOINED, *turn("s", "worker-9", 11.0), *turn("t", "worker-2", 12.0)), new_worker="worker-9"),
        PASSED,
        "1 of 2",
    )


def test_move_elsewhere_fails() -> None:
    """A session that moves to another worker fails."""
    story = [*BEFORE, JOINED, *turn("s", "worker-9", 11.0), *turn("t", "worker-1", 12.0)]
    must_say(moved_to_new_worker(tell(*story), new_worker="worker-9"), FAILED, "1 moved elsewhere")


def test_no_move_fails() -> None:
    """The check fails when no session moves."""
    story = [*BEFORE, JOINED, *turn("s", "worker-1", 11.0), *turn("t", "worker-2", 12.0)]
    must_say(moved_to_new_worker(tell(*story), new_worker="worker-9"), FAILED, "none did")


def test_no_join_is_inconclusive() -> None:
    """No new worker, or no turn after its start, gives no verdict."""
    must_say(moved_to_new_worker(tell(*BEFORE), new_worker="worker-9"), INCONCLUSIVE)
    must_say(moved_to_new_worker(tell(*BEFORE, JOINED, *turn("s", "worker-9", 11.0)), new_worker="worker-9"), INCONCLUSIVE)


def test_sessions_of_lost_worker_move() -> None:
    """The sessions of the lost worker move, and all others stay."""
    must_say(
        only_lost_sessions_moved(tell(*BEFORE, KILLED, *turn("s", "worker-3", 11.0), *turn("t", "worker-2", 12.0)), what="killed"),
        PASSED,
        "1 of 2",
    )


def test_other_session_must_not_move() -> None:
    """A session of a worker that lives must not move."""
    must_say(
        only_lost_sessions_moved(tell(*BEFORE, KILLED, *turn("s", "worker-3", 11.0), *turn("t", "worker-3", 12.0)), what="killed"),
        FAILED,
        "only 1 session",
    )


def test_session_at_lost_worker_fails() -> None:
    """A session that is still at the lost worker fails."""
    must_say(
        only_lost_sessions_moved(tell(*BEFORE, KILLED, *turn("s", "worker-1", 11.0), *turn("t", "worker-2", 12.0)), what="killed"), FAILED
    )


def test_two_moves_fail() -> None:
    """A session that moves twice fails."""
    later = [*turn("s", "worker-3", 11.0), *turn("s", "worker-2", 11.5), *turn("t", "worker-2", 12.0)]
    must_say(only_lost_sessions_moved(tell(*BEFORE, KILLED, *later), what="killed"), FAILED)


def test_refused_turn_fails() -> None:
    """A turn without an answer fails."""
    lost = refused(99, sent_headers={"X-Session-ID": "s"}, at=11.0)
    must_say(only_lost_sessions_moved(tell(*BEFORE, KILLED, lost, *turn("t", "worker-2", 12.0)), what="killed"), FAILED, "every turn")


def test_no_lost_worker_is_inconclusive() -> None:
    """No lost worker, or no later turn, gives no verdict."""
    must_say(only_lost_sessions_moved(tell(*BEFORE), what="killed"), INCONCLUSIVE)
    must_say(only_lost_sessions_moved(tell(*BEFORE, KILLED, *turn("t", "worker-2", 12.0)), what="killed"), INCONCLUSIVE)


def test_lost_sessions_no_room() -> None:
    """Without a session at the lost worker, none had to move."""
    must_have_no_room(only_lost_sessions_moved(tell(*turn("t", "worker-2", 2.0), KILLED, *turn("t", "worker-2", 12.0)), what="killed"))
