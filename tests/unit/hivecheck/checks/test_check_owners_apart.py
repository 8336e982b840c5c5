"""Check: owners apart."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.sessions.owners_apart import ENOUGH_NAMES, owners_apart
from hivecheck.history import History


def held(names: int, apart: int) -> History:
    """`names` session ids that two tenants use, `apart` of them at different workers."""
    history = tell()
    for number in range(names):
        for place, owner in enumerate(("acme", "globex")):
            worker = f"worker-{place if number < apart else 0}"
            request = chat(2 * number + place, worker=worker, sent_headers={"X-Session-ID": f"s{number}"})
            for item in (request, arrival(request, worker, headers={"x-auth-tenant": owner})):
                history.record(item)
    return history


def test_separate_pins_pass() -> None:
    """Session ids at different workers for different tenants pass."""
    must_say(owners_apart(held(ENOUGH_NAMES, 3)), PASSED, "3 of 14")


def test_common_pins_fail() -> None:
    """Session ids that always lead to the same worker fail."""
    must_say(owners_apart(held(ENOUGH_NAMES, 0)), FAILED, "fewer than 1 of 10,000 runs")


def test_too_few_ids_are_inconclusive() -> None:
    """Too few session ids give no verdict."""
    must_say(owners_apart(held(ENOUGH_NAMES - 1, 3)), INCONCLUSIVE)
