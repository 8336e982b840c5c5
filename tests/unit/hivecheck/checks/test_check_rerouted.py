"""Check: rerouted."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, act, arrival, chat, must_say, tell

from hivecheck.checks.routing.rerouted import rerouted


def test_rerouted_in_time() -> None:
    """A second arrival within the limit passes, and a later one fails."""
    request = chat()
    story = tell(request, arrival(request, "w1", at=0.1), act("w1", "paused", at=0.2), arrival(request, "w2", at=2.2, n=2))
    must_say(rerouted(story, what="paused", seconds=3.0), PASSED, "w2 after 2.00 s")
    must_say(rerouted(story, what="paused", seconds=1.0), FAILED, "after 2.00 s")


def test_no_reroute_fails() -> None:
    """A request that stays fails, and one that arrived after the act gives no verdict."""
    request = chat()
    must_say(rerouted(tell(request, arrival(request, at=0.1), act("w1", "paused", at=0.2)), what="paused", seconds=3.0), FAILED)
    must_say(rerouted(tell(request, arrival(request, at=0.3), act("w1", "paused", at=0.2)), what="paused", seconds=3.0), INCONCLUSIVE)
    must_say(rerouted(tell(request), what="paused", seconds=3.0), INCONCLUSIVE)
