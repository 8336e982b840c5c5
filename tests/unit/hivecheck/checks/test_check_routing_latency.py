"""Check: prompt choice."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.routing.routing_latency import routing_latency
from hivecheck.history import History


def handed_over(quick: int, slow: int) -> History:
    """So many requests that were at a worker at once, and so many after 0.3 s."""
    chats = [chat(number) for number in range(quick + slow)]
    return tell(*chats, [arrival(told, at=0.001 if number < quick else 0.3) for number, told in enumerate(chats)])


def test_requests_that_reach_their_worker_at_once_pass() -> None:
    must_say(routing_latency(handed_over(19, 1), seconds=0.1), PASSED, "0.0010")


def test_more_than_one_in_ten_that_are_late_fail() -> None:
    must_say(routing_latency(handed_over(16, 4), seconds=0.1), FAILED, "0.300 s")


def test_too_few_requests_or_lines_are_inconclusive() -> None:
    must_say(routing_latency(handed_over(19, 0), seconds=0.1), INCONCLUSIVE)
    must_say(routing_latency(tell(*(chat(number) for number in range(30))), seconds=0.1), INCONCLUSIVE)
