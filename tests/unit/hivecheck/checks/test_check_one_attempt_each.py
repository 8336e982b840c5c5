"""Check: one attempt each."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, served, tell

from hivecheck.checks.routing.one_attempt_each import one_attempt_each

WAVE: dict[str, Any] = {"purpose": "wave 1"}


def test_one_attempt_each() -> None:
    told, twice = chat(**WAVE), chat(headers={"X-Attempts": "2"}, **WAVE)
    must_say(one_attempt_each(tell(told, served(told)), purpose="wave 1"), PASSED)
    must_say(one_attempt_each(tell(twice, served(twice)), purpose="wave 1"), FAILED, "attempts 2")
    must_say(one_attempt_each(tell(told, served(told), arrival(told)), purpose="wave 1"), FAILED, "2 arrivals")


def test_without_a_request_of_the_wave_nothing_is_judged() -> None:
    must_say(one_attempt_each(tell(chat()), purpose="wave 1"), INCONCLUSIVE)
