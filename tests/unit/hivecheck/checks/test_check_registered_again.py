"""Check: registered again."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, must_say, tell

from hivecheck.checks.registry.registered_again import registered_again
from hivecheck.history import Event

BACK = Event(5.0, "act", "registry", {"what": "started again"})
LISTENING = Event(5.5, "log", "registry", {"event": "listening"})
BOTH = ["a", "b"]


def registered(name: str, at: float) -> Event:
    return Event(at, "log", "registry", {"event": "registered", "id": name})


def test_registered_in_time_passes() -> None:
    """Every service within the limit passes."""
    story = tell(BACK, LISTENING, registered("a", 5.7), registered("b", 6.4))
    must_say(registered_again(story, registry="registry", services=BOTH, seconds=1.0), PASSED, "0.90 s")


def test_late_or_missing_service_fails() -> None:
    """A late or missing service fails by name."""
    late = tell(BACK, LISTENING, registered("a", 5.7), registered("b", 6.6))
    missing = tell(registered("b", 1.0), BACK, LISTENING, registered("a", 5.7))
    for story in (late, missing):
        must_say(registered_again(story, registry="registry", services=BOTH, seconds=1.0), FAILED, "late or missing: b")


def test_no_restart_is_inconclusive() -> None:
    """A history without a restart gives no verdict."""
    must_say(registered_again(tell(registered("a", 1.0)), registry="registry", services=["a"], seconds=1.0), INCONCLUSIVE, "0 restarts")
