"""Check: sticky."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_have_no_room, must_say, refused, tell

from hivecheck.checks.facts import session_of
from hivecheck.checks.sessions.sticky import sticky
from hivecheck.history import Event, Operation


def turn(number: int, session: str, worker: str, *, way: str = "X-Session-ID", tenant: str = "acme") -> list[Operation | Event]:
    """Request `r<number>` of a session, answered by a worker; `way` is a header, or `body`."""
    sent = {"X-Request-Id": f"r{number}"} | ({} if way == "body" else {way: session})
    request = {"model": "model-a"} | ({"session_id": session} if way == "body" else {})
    request = chat(number, worker=worker, at=float(number), sent_headers=sent, request=request)
    return [request, arrival(request, worker, headers={"x-auth-tenant": tenant})]


def test_sticky_sessions_pass() -> None:
    """Sessions that stay at their workers pass."""
    story = [*turn(1, "s", "worker-1"), *turn(2, "t", "worker-2"), *turn(3, "s", "worker-1", way="body"), *turn(4, "t", "worker-2")]
    must_say(sticky(tell(*story)), PASSED, "2 sessions")


def test_two_workers_fail() -> None:
    """A session at two workers fails."""
    story = [*turn(1, "s", "worker-1"), *turn(2, "s", "worker-2", way="X-Inventiv-Session")]
    must_say(sticky(tell(*story), spread=1), FAILED, "worker-1 and worker-2")


def test_tenants_have_own_sessions() -> None:
    """The same session id of two tenants is two sessions."""
    story = [turn(number, "s", f"worker-{1 + number % 2}", tenant=("acme", "globex")[number % 2]) for number in range(4)]
    must_say(sticky(tell(*(item for one in story for item in one))), PASSED, "2 sessions")


def test_one_worker_for_all_fails() -> None:
    """All sessions at one worker fail."""
    story = [item for number in range(30) for item in turn(number, f"s{number % 15}", "worker-1")]
    must_say(sticky(tell(*story)), FAILED, "at 2 workers or more", "fewer than 1 of 10,000 runs")


def test_few_sessions_no_room() -> None:
    """A few sessions at one worker give no verdict, because chance puts them there now and then."""
    story = [item for number in range(28) for item in turn(number, f"s{number % 14}", "worker-1")]
    must_have_no_room(sticky(tell(*story)), "15 sessions at least")


def test_unexpected_failed_turn_fails() -> None:
    """A failed turn that the scenario does not expect fails."""
    story = [*turn(1, "s", "worker-1"), *turn(2, "s", "worker-1")]
    failed = refused(3, sent_headers={"X-Session-ID": "s"})
    places = [arrival(failed, "worker-1"), arrival(failed, "worker-2")]
    must_say(sticky(tell(*story, failed, places), spread=1), FAILED, "0 failed turns")
    must_say(sticky(tell(*story, failed, places), spread=1, failed_turns=1), PASSED)


def test_failed_turn_needs_attempts() -> None:
    """A failed turn without attempts at several workers gives no verdict."""
    story = [*turn(1, "s", "worker-1"), *turn(2, "s", "worker-1")]
    failed = refused(3, sent_headers={"X-Session-ID": "s"})
    must_say(sticky(tell(*story, failed, arrival(failed)), spread=1, failed_turns=1), INCONCLUSIVE)
    must_say(sticky(tell(*story), spread=1, failed_turns=1), INCONCLUSIVE)


def test_single_turn_is_inconclusive() -> None:
    """A session with one turn, or without a journal, gives no verdict."""
    must_say(sticky(tell(*turn(1, "s", "worker-1"))), INCONCLUSIVE)
    must_say(sticky(tell(*turn(1, "s", "worker-1"), turn(2, "s", "worker-1")[0])), INCONCLUSIVE, "2 answered")  # type: ignore[arg-type]


def test_no_session_is_inconclusive() -> None:
    """Requests without a session give no verdict."""
    must_say(sticky(tell(chat(1), arrival(chat(1)))), INCONCLUSIVE)


def test_failed_turn_at_another_worker() -> None:
    """One attempt is enough where it went to another worker than that of the session: there the session could have moved."""
    story = [*turn(1, "s", "worker-1"), *turn(2, "s", "worker-1")]
    failed = refused(3, sent_headers={"X-Session-ID": "s"})
    must_say(sticky(tell(*story, failed, arrival(failed, "worker-2")), spread=1, failed_turns=1), PASSED)


def test_session_of_number_and_empty_header() -> None:
    """A number in the body names the same session as its digits in a header, beside an empty header too."""
    first, second = chat(1, sent_headers={"X-Session-ID": "7"}), chat(2, sent_headers={"X-Session-ID": ""}, request={"session_id": 7})
    assert [session_of(first), session_of(second)] == ["7", "7"]
