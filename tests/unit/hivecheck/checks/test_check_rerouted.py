"""Check: moved."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.routing.rerouted import rerouted
from hivecheck.history import Event


def act(node: str, what: str, *, at: float) -> Event:
    return Event(at, "act", node, {"what": what})


def test_a_request_that_waited_moves_in_time() -> None:
    told = chat()
    story = tell(told, arrival(told, "w1", at=0.1), act("w1", "paused", at=0.2), arrival(told, "w2", at=2.2, n=2))
    must_say(rerouted(story, what="paused", seconds=3.0), PASSED, "w2 after 2.00 s")
    must_say(rerouted(story, what="paused", seconds=1.0), FAILED, "after 2.00 s")


def test_a_request_that_stays_fails_and_one_that_came_later_proves_nothing() -> None:
    told = chat()
    must_say(rerouted(tell(told, arrival(told, at=0.1), act("w1", "paused", at=0.2)), what="paused", seconds=3.0), FAILED)
    must_say(rerouted(tell(told, arrival(told, at=0.3), act("w1", "paused", at=0.2)), what="paused", seconds=3.0), INCONCLUSIVE)
    must_say(rerouted(tell(told), what="paused", seconds=3.0), INCONCLUSIVE)
