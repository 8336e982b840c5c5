"""Check: ended in time."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, chat, must_say, refused, tell

from hivecheck.checks.answers.ended_in_time import ended_in_time

WAVE: dict[str, Any] = {"purpose": "wave 1"}


def test_ends_in_time() -> None:
    must_say(ended_in_time(tell(refused(**WAVE)), purpose="wave 1", seconds=1.0), PASSED)
    must_say(ended_in_time(tell(refused(**WAVE)), purpose="wave 1", seconds=0.9), FAILED, "1.00 s")


def test_without_a_request_of_the_wave_nothing_is_judged() -> None:
    must_say(ended_in_time(tell(chat()), purpose="wave 1", seconds=1), INCONCLUSIVE)
