"""Check: sticky."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, refused, tell

from hivecheck.checks.sessions.sticky import sticky
from hivecheck.history import Event, Operation


def turn(number: int, session: str, worker: str, *, way: str = "X-Session-ID", tenant: str = "acme") -> list[Operation | Event]:
    """Request `r<number>` of a session, answered by a worker; `way` is a header, or `body`."""
    sent = {"X-Request-Id": f"r{number}"} | ({} if way == "body" else {way: session})
    request = {"model": "model-a"} | ({"session_id": session} if way == "body" else {})
    told = chat(number, worker=worker, at=float(number), sent_headers=sent, request=request)
    return [told, arrival(told, worker, headers={"x-auth-tenant": tenant})]


def test_sessions_that_each_stayed_at_a_worker_pass() -> None:
    story = [*turn(1, "s", "worker-1"), *turn(2, "t", "worker-2"), *turn(3, "s", "worker-1", way="body"), *turn(4, "t", "worker-2")]
    must_say(sticky(tell(*story)), PASSED, "2 sessions")


def test_a_session_at_two_workers_fails() -> None:
    story = [*turn(1, "s", "worker-1"), *turn(2, "s", "worker-2", way="X-Inventiv-Session")]
    must_say(sticky(tell(*story), spread=1), FAILED, "['worker-1', 'worker-2']")


def test_the_same_name_of_two_owners_is_two_sessions() -> None:
    story = [turn(number, "s", f"worker-{1 + number % 2}", tenant=("acme", "globex")[number % 2]) for number in range(4)]
    must_say(sticky(tell(*(item for told in story for item in told))), PASSED, "2 sessions")


def test_all_sessions_at_one_worker_fail() -> None:
    story = [item for number in range(4) for item in turn(number, f"s{number % 2}", "worker-1")]
    must_say(sticky(tell(*story)), FAILED, "over 2 workers or more")


def test_a_failed_turn_nobody_expected_fails() -> None:
    story = [*turn(1, "s", "worker-1"), *turn(2, "s", "worker-1")]
    failed = refused(3, sent_headers={"X-Session-ID": "s"})
    places = [arrival(failed, "worker-1"), arrival(failed, "worker-2")]
    must_say(sticky(tell(*story, failed, places), spread=1), FAILED, "0 failed turns")
    must_say(sticky(tell(*story, failed, places), spread=1, failed_turns=1), PASSED)


def test_a_failed_turn_that_was_tried_at_one_worker_only_is_inconclusive() -> None:
    story = [*turn(1, "s", "worker-1"), *turn(2, "s", "worker-1")]
    failed = refused(3, sent_headers={"X-Session-ID": "s"})
    must_say(sticky(tell(*story, failed, arrival(failed)), spread=1, failed_turns=1), INCONCLUSIVE)
    must_say(sticky(tell(*story), spread=1, failed_turns=1), INCONCLUSIVE)


def test_a_session_of_one_turn_or_without_a_journal_is_inconclusive() -> None:
    must_say(sticky(tell(*turn(1, "s", "worker-1"))), INCONCLUSIVE)
    must_say(sticky(tell(*turn(1, "s", "worker-1"), turn(2, "s", "worker-1")[0])), INCONCLUSIVE, "2 answered")  # type: ignore[arg-type]


def test_requests_without_a_session_are_no_story() -> None:
    must_say(sticky(tell(chat(1), arrival(chat(1)))), INCONCLUSIVE)
