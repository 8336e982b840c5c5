"""Check: owners apart."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.sessions.owners_apart import ENOUGH_NAMES, owners_apart
from hivecheck.history import History


def held(names: int, apart: int) -> History:
    """So many names that two owners use; `apart` of them at different workers."""
    history = tell()
    for number in range(names):
        for place, owner in enumerate(("acme", "globex")):
            worker = f"worker-{place if number < apart else 0}"
            told = chat(2 * number + place, worker=worker, sent_headers={"X-Session-ID": f"s{number}"})
            for item in (told, arrival(told, worker, headers={"x-auth-tenant": owner})):
                history.record(item)
    return history


def test_names_at_different_workers_for_different_owners_pass() -> None:
    must_say(owners_apart(held(ENOUGH_NAMES, 3)), PASSED, "3 of 8")


def test_names_that_always_lead_to_the_same_worker_fail() -> None:
    must_say(owners_apart(held(ENOUGH_NAMES, 0)), FAILED)


def test_too_few_names_are_inconclusive() -> None:
    must_say(owners_apart(held(ENOUGH_NAMES - 1, 3)), INCONCLUSIVE)
