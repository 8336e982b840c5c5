"""Check: unaffected."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, must_say, served, stream, tell

from hivecheck.checks.streams.unaffected import unaffected
from hivecheck.history import Event

BROKEN: dict[str, Any] = {"finish_reason": None, "saw_done": False, "error": "cut"}


def act(node: str, what: str, *, at: float) -> Event:
    return Event(at, "act", node, {"what": what})


def two_streams(**other: Any) -> list[Any]:
    first, second = stream(1, worker="w1", **BROKEN), stream(2, worker="w2", **other)
    return [first, second, arrival(first, "w1"), *served(second, "w2"), act("w1", "killed", at=0.2)]


def test_only_the_streams_of_the_dead_worker_break() -> None:
    must_say(unaffected(tell(*two_streams())), PASSED)
    must_say(unaffected(tell(*two_streams(**BROKEN))), FAILED)
    alone = stream(1, worker="w1", **BROKEN)
    must_say(unaffected(tell(alone, arrival(alone, "w1"), act("w1", "killed", at=0.2))), INCONCLUSIVE)
