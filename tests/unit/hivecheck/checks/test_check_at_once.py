"""Check: at once."""

from __future__ import annotations

from typing import Any

from stories import BATCH, FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_say, tell

from hivecheck.checks.answers.at_once import at_once


def at_same_time(count: int) -> list[Any]:
    request = [chat(number, **BATCH) for number in range(count)]
    return [*request, *(line for one in request for line in (arrival(one, at=0.1), end(one, at=0.9)))]


def test_in_flight_limit() -> None:
    """More requests in flight than the limit fail, and fewer give no verdict."""
    must_say(at_once(tell(*at_same_time(2)), purpose="batch 1", limit=2), PASSED)
    must_say(at_once(tell(*at_same_time(3)), purpose="batch 1", limit=2), FAILED)
    must_say(at_once(tell(*at_same_time(1)), purpose="batch 1", limit=2), INCONCLUSIVE)


def test_empty_batch_is_inconclusive() -> None:
    """A batch without requests gives no verdict."""
    must_say(at_once(tell(chat()), purpose="batch 1", limit=1), INCONCLUSIVE)
