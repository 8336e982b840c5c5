"""Check: spread."""

from __future__ import annotations

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, must_have_no_room, must_say, tell

from hivecheck.checks.routing.spread import spread
from hivecheck.history import History
from hivecheck.verdict import Answer

WORKERS = ["worker-1", "worker-2"]


def shared_out(first: int, second: int) -> History:
    """`first` requests at worker-1 and `second` at worker-2."""
    chats = [chat(number) for number in range(first + second)]
    arrivals = [arrival(request, WORKERS[number >= first]) for number, request in enumerate(chats)]
    return tell(*chats, arrivals)


@pytest.mark.parametrize("at_least", [0.4, 4])
def test_share_of_each_worker_passes(at_least: float) -> None:
    """Each worker with at least its share passes."""
    must_say(spread(shared_out(4, 6), workers=WORKERS, at_least=at_least), PASSED, "worker-1: 4")


@pytest.mark.parametrize("at_least", [0.4, 4])
def test_small_share_fails(at_least: float) -> None:
    """A worker below its share fails."""
    must_say(spread(shared_out(3, 7), workers=WORKERS, at_least=at_least), FAILED, "at least 4 of 10")


@pytest.mark.parametrize(("most", "answer"), [(5, FAILED), (6, PASSED)])
def test_greatest_number(most: int, answer: Answer) -> None:
    """A worker above the greatest number fails."""
    must_say(spread(shared_out(4, 6), workers=WORKERS, at_least=4, at_most=most), answer, "worker-2: 6")


def test_idle_worker_fails() -> None:
    """A worker without arrivals fails."""
    must_say(spread(shared_out(5, 0), workers=WORKERS, at_least=1), FAILED, "worker-2: 0")


@pytest.mark.parametrize(("first", "answer"), [(3, FAILED), (4, PASSED)])
def test_share_rounds_up(first: int, answer: Answer) -> None:
    """A share of 3.5 requests means 4, because requests are whole."""
    must_say(spread(shared_out(first, 10 - first), workers=WORKERS, at_least=0.35), answer, f"worker-1: {first}")


def test_share_is_whole_in_message() -> None:
    """The message names a whole number of requests."""
    must_say(spread(shared_out(1, 0), workers=WORKERS, at_least=0.8), FAILED, "at least 1 of 1 request")


def test_missing_arrival_is_inconclusive() -> None:
    """A request that is in no journal gives no verdict."""
    must_say(spread(tell(chat(1), chat(2), arrival(chat(1))), workers=WORKERS, at_least=1), INCONCLUSIVE, "2 requests")


def test_single_worker_is_inconclusive() -> None:
    """A single worker gives no verdict."""
    must_say(spread(shared_out(2, 0), workers=["worker-1"], at_least=1), INCONCLUSIVE)


def test_no_request_is_inconclusive() -> None:
    """A scenario without requests gives no verdict."""
    must_say(spread(tell(), workers=WORKERS, at_least=1), INCONCLUSIVE)


def test_hives_have_their_workers_arrivals() -> None:
    """With `places` a hive has the arrivals of its workers."""
    hives = {"worker-1": "hive-1", "worker-2": "hive-2"}
    must_say(spread(shared_out(4, 6), workers=["hive-1", "hive-2"], at_least=0.35, places=hives), PASSED, "hive-1: 4")
    must_say(spread(shared_out(3, 7), workers=["hive-1", "hive-2"], at_least=0.35, places=hives), FAILED, "hive-1: 3")


def test_spread_no_room() -> None:
    """No more requests than the greatest number for one worker cannot exceed it."""
    must_have_no_room(spread(shared_out(2, 2), workers=WORKERS, at_least=1, at_most=4), "more than 4 requests")
