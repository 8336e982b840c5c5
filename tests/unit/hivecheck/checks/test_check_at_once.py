"""Check: at once."""

from __future__ import annotations

from typing import Any

from stories import BATCH, FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_have_no_room, must_say, tell

from hivecheck.checks.answers.at_once import at_once


def at_same_time(count: int) -> list[Any]:
    request = [chat(number, **BATCH) for number in range(count)]
    return [*request, *(line for one in request for line in (arrival(one, at=0.1), end(one, at=0.9)))]


def later(number: int) -> list[Any]:
    request = chat(number, **BATCH)
    return [request, arrival(request, at=number + 0.1), end(request, at=number + 0.9)]


def test_in_flight_limit() -> None:
    """More requests in flight than the limit fail, and fewer give no verdict."""
    must_say(at_once(tell(*at_same_time(2), *later(9)), purpose="batch 1", limit=2), PASSED)
    must_say(at_once(tell(*at_same_time(3)), purpose="batch 1", limit=2), FAILED)
    must_say(at_once(tell(*at_same_time(1), *later(8), *later(9)), purpose="batch 1", limit=2), INCONCLUSIVE, "takes effect")


def test_in_flight_no_room() -> None:
    """As many requests as the limit cannot exceed it."""
    must_have_no_room(at_once(tell(*at_same_time(2)), purpose="batch 1", limit=2), "2 arrivals at 1 worker")


def test_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(at_once(tell(chat()), purpose="batch 1", limit=1), INCONCLUSIVE)
