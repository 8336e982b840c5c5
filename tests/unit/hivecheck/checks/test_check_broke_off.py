"""Check: broke off."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, stream, tell

from hivecheck.checks.streams.broke_off import broke_off
from hivecheck.history import Operation

WAVE: dict[str, Any] = {"purpose": "wave 1"}


def broken(**changes: Any) -> Operation:
    event = {"code": "upstream_timeout", "message": "m"}
    ending = {"finish_reason": None, "saw_done": False, "stream_error": event, "error": "cut", "ended_at": 0.5}
    return stream(**(ending | WAVE | changes))


def test_a_stream_that_breaks_off_with_its_event_passes() -> None:
    told = broken()
    must_say(broke_off(tell(told, arrival(told)), purpose="wave 1", seconds=1, code="upstream_timeout"), PASSED)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"error": None}, "a clean end"),
        ({"saw_done": True}, "an end marker"),
        ({"finish_reason": "stop"}, "a finish reason"),
        ({"stream_error": None}, "error event None"),
        ({"ended_at": 9.0}, "after its last sign of life"),
        ({"tokens": ()}, "an answer that has begun"),
        ({"status": 502}, "an answer that has begun"),
    ],
)
def test_a_stream_that_ends_otherwise_fails(changes: dict[str, Any], said: str) -> None:
    told = broken(**changes)
    judged = broke_off(tell(told, arrival(told)), purpose="wave 1", seconds=1, code="upstream_timeout")
    must_say(judged, FAILED, said)


def test_a_stream_that_was_sent_again_fails() -> None:
    told = broken()
    again = tell(told, arrival(told), arrival(told, "worker-2"))
    must_say(broke_off(again, purpose="wave 1", seconds=1, code="upstream_timeout"), FAILED, "2 arrivals")


def test_without_a_request_of_the_wave_nothing_is_judged() -> None:
    must_say(broke_off(tell(chat()), purpose="wave 1", seconds=1), INCONCLUSIVE)
