"""Check: at once."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, tell

from hivecheck.checks.answers.at_once import at_once

WAVE: dict[str, Any] = {"purpose": "wave 1"}


def at_same_time(count: int) -> list[Any]:
    told = [chat(number, **WAVE) for number in range(count)]
    return [*told, *(line for one in told for line in (arrival(one, at=0.1), end(one, at=0.9)))]


def test_no_more_at_once_than_the_limit() -> None:
    must_say(at_once(tell(*at_same_time(2)), purpose="wave 1", limit=2), PASSED)
    must_say(at_once(tell(*at_same_time(3)), purpose="wave 1", limit=2), FAILED)
    must_say(at_once(tell(*at_same_time(1)), purpose="wave 1", limit=2), INCONCLUSIVE)


def test_without_a_request_of_the_wave_nothing_is_judged() -> None:
    must_say(at_once(tell(chat()), purpose="wave 1", limit=1), INCONCLUSIVE)
