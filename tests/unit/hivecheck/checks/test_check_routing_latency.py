"""Check: routing latency."""

from __future__ import annotations

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_say, tell

from hivecheck.checks.routing.routing_latency import routing_latency
from hivecheck.history import History


def handed_over(quick: int, slow: int) -> History:
    """`quick` requests that reached a worker at once, and `slow` ones after 0.3 s."""
    chats = [chat(number) for number in range(quick + slow)]
    return tell(*chats, [arrival(request, at=0.001 if number < quick else 0.3) for number, request in enumerate(chats)])


def test_fast_routing_passes() -> None:
    """Requests that reach their worker at once pass."""
    must_say(routing_latency(handed_over(19, 1), seconds=0.1), PASSED, "0.0010")


def test_slow_routing_fails() -> None:
    """More than one late request in ten fails."""
    must_say(routing_latency(handed_over(16, 4), seconds=0.1), FAILED, "0.300 s")


def test_too_few_arrivals_are_inconclusive() -> None:
    """Too few requests or arrivals give no verdict."""
    must_say(routing_latency(handed_over(19, 0), seconds=0.1), INCONCLUSIVE)
    must_say(routing_latency(tell(*(chat(number) for number in range(30))), seconds=0.1), INCONCLUSIVE)
