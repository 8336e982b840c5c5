"""Check: no expiry."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, must_have_no_room, must_say, tell

from hivecheck.checks.registry.no_expiry import no_expiry
from hivecheck.history import Event

BACK = Event(5.0, "act", "registry", {"what": "started again"})
LISTENING = Event(5.5, "log", "registry", {"event": "listening"})
WATCHED = Event(7.0, "act", "harness", {"what": "watched"})


def expired(at: float, event: str = "expired") -> Event:
    return Event(at, "log", "registry", {"event": event, "id": "worker-a"})


def test_no_expiry_passes() -> None:
    """No expiry since the restart passes, whatever came before."""
    must_say(no_expiry(tell(expired(1.0), BACK, LISTENING, WATCHED), registry="registry", watched_seconds=1.0), PASSED)


@pytest.mark.parametrize("event", ["expired", "unconfirmed"])
def test_lost_service_fails(event: str) -> None:
    """A service that the registry lost after the restart fails."""
    must_say(
        no_expiry(tell(BACK, LISTENING, expired(6.0, event), WATCHED), registry="registry", watched_seconds=1.0), FAILED, "worker-a", event
    )


def test_expiry_no_room() -> None:
    """A history that is shorter than a lease leaves no room for an expiry."""
    must_have_no_room(no_expiry(tell(BACK, LISTENING, WATCHED), registry="registry", watched_seconds=9.0), "1.50 s")


def test_no_restart_is_inconclusive() -> None:
    """A history without a restart gives no verdict."""
    must_say(no_expiry(tell(LISTENING, WATCHED), registry="registry", watched_seconds=1.0), INCONCLUSIVE, "0 restarts")
