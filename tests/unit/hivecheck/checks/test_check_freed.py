"""Check: freed."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, served, tell

from hivecheck.checks.streams.freed import freed
from hivecheck.history import Operation

WAVE: dict[str, Any] = {"purpose": "wave 1"}


LEFT = {"status": None, "body": None, "ended_at": 2.0, "error": "the client left"} | WAVE


def left(**data: Any) -> tuple[Operation, list[Any]]:
    gone = chat(**LEFT)
    return gone, [arrival(gone), end(gone, at=2.1, outcome="cancelled", slot_at=0.1, **data)]


def test_a_worker_that_stops_in_time_passes() -> None:
    gone, lines = left()
    must_say(freed(tell(gone, lines), purpose="wave 1", seconds=0.25), PASSED, "after 100 ms")
    must_say(freed(tell(gone, lines), purpose="wave 1", seconds=0.05), FAILED, "after 100 ms")
    must_say(freed(tell(gone, lines), purpose="wave 1", seconds=0.25, is_queued=True), INCONCLUSIVE, "without a slot")


def test_a_worker_that_goes_on_fails() -> None:
    gone = chat(**LEFT)
    must_say(freed(tell(gone, arrival(gone)), purpose="wave 1", seconds=1), FAILED, "no end")
    finished = end(gone, at=2.0, outcome="finished", slot_at=0.1)
    must_say(freed(tell(gone, arrival(gone), finished), purpose="wave 1", seconds=1), FAILED, "finished")


def test_a_client_that_did_not_leave_is_inconclusive() -> None:
    told = chat(**WAVE)
    must_say(freed(tell(told, served(told)), purpose="wave 1", seconds=1), INCONCLUSIVE)


def test_without_a_request_of_the_wave_nothing_is_judged() -> None:
    must_say(freed(tell(chat()), purpose="wave 1", seconds=1), INCONCLUSIVE)
