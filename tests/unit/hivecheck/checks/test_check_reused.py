"""Check: reused."""

from __future__ import annotations

from typing import Any

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.routing.reused import reused

WAVE: dict[str, Any] = {"purpose": "wave 1"}


def over(*peers: str | None) -> list[Any]:
    told = [chat(number, **WAVE) for number in range(len(peers))]
    return [*told, *(arrival(one, peer=peer) for one, peer in zip(told, peers, strict=True))]


def test_requests_over_few_connections() -> None:
    must_say(reused(tell(*over("a", "a", "b")), purpose="wave 1", at_most=2), PASSED, "2 connections")
    must_say(reused(tell(*over("a", "b", "c")), purpose="wave 1", at_most=2), FAILED, "3")
    must_say(reused(tell(*over("a", "a")), purpose="wave 1", at_most=2), INCONCLUSIVE)
    must_say(reused(tell(*over("a", None, "a")), purpose="wave 1", at_most=2), INCONCLUSIVE)


def test_without_a_request_of_the_wave_nothing_is_judged() -> None:
    must_say(reused(tell(chat()), purpose="wave 1", at_most=1), INCONCLUSIVE)
