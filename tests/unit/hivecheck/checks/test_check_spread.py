"""Check: spread."""

from __future__ import annotations

from typing import Any

import pytest
from stories import FAILED, INCONCLUSIVE, PASSED, arrival, chat, end, must_have_no_room, must_say, tell

from hivecheck.checks.balancing import Balancing
from hivecheck.checks.routing.spread import spread
from hivecheck.history import Event, History
from hivecheck.verdict import Answer, Verdict

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
    must_say(spread(shared_out(1, 0), workers=WORKERS, at_least=0.8), FAILED, "exactly 1 of 1 request")


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


def balanced(history: History, balancing: Balancing | None, **limits: Any) -> Verdict:
    """The verdict on a target with that balancing. The numbers of the reference, which no target keeps here, do not count."""
    return spread(history, workers=WORKERS, at_least=1000, balancing=balancing, **limits)


def prompted(first: int, second: int, *, alike: int = 0) -> History:
    """As `shared_out`, with prompts. `alike` of them begin like the first one."""
    history = tell()
    for number in range(first + second):
        messages = [{"role": "user", "content": f"{max(0, number - alike)}-hello there"}]
        request = chat(number, request={"messages": messages})
        history.record(request)
        history.record(arrival(request, WORKERS[number >= first]))
    return history


@pytest.mark.parametrize("balancing", [Balancing.RANDOM, Balancing.BY_PREFIX])
@pytest.mark.parametrize(("first", "answer"), [(15, PASSED), (14, FAILED), (45, PASSED), (46, FAILED)])
def test_random_shares(balancing: Balancing, first: int, answer: Answer) -> None:
    """A share that a fair random balancer reaches passes, and a rarer one fails with the error probability in the message."""
    words = ["15 to 45 of 60 requests", "misses this bound in fewer than 1 of 10,000 runs"] if answer is FAILED else ["15 to 45"]
    must_say(balanced(prompted(first, 60 - first), balancing), answer, *words)


def test_undeclared_balancing() -> None:
    """Without a declared balancing a share of a random balancer passes. Any other one is inconclusive, with the next step."""
    must_say(balanced(shared_out(20, 40), None), PASSED)
    must_say(balanced(shared_out(60, 0), None), INCONCLUSIVE, "next: declare `balancing`")


def test_equal_prompts_no_room() -> None:
    """A gateway that balances by prefix may send prompts with the same beginning to one worker."""
    must_have_no_room(balanced(prompted(60, 0, alike=59), Balancing.BY_PREFIX), "59 of 60 requests")


def test_few_requests_no_room() -> None:
    """Requests of which a random balancer may send none to a worker prove nothing, except that all are at one of many workers."""
    must_have_no_room(balanced(shared_out(7, 8), Balancing.RANDOM), "16 requests or more")
    must_have_no_room(balanced(shared_out(1, 0), Balancing.ROUND_ROBIN), "more requests than workers")


@pytest.mark.parametrize(("first", "senders", "answer"), [(20, 1, PASSED), (21, 1, FAILED), (21, 2, PASSED), (22, 2, FAILED)])
def test_shares_in_turn(first: int, senders: int, answer: Answer) -> None:
    """In turn the workers differ by at most one request for each process of the gateway."""
    must_say(balanced(shared_out(first, 40 - first), Balancing.ROUND_ROBIN, senders=senders), answer)


def burst(first: int, second: int, *, other: int = 0) -> History:
    """As `shared_out`, all of them at the same time. `other` requests of a batch are at worker-2 before."""
    before = [chat(100 + number, at=-1.0, purpose="batch 1") for number in range(other)]
    chats = [chat(number) for number in range(first + second)]
    lines: list[Event] = [arrival(request, WORKERS[1]) for request in before]
    lines += [arrival(request, WORKERS[number >= first]) for number, request in enumerate(chats)]
    lines += [end(request, WORKERS[number >= first], at=5.0) for number, request in enumerate(chats)]
    return tell(*before, *chats, lines)


@pytest.mark.parametrize(("first", "other", "answer"), [(21, 0, FAILED), (20, 0, PASSED), (21, 1, FAILED), (21, 2, PASSED)])
def test_shares_by_load(first: int, other: int, answer: Answer) -> None:
    """In a burst each worker has all but one request of the busiest worker, less what it had before."""
    must_say(balanced(burst(first, 39 - first, other=other), Balancing.LEAST_LOADED), answer)


def test_sequential_requests_by_load_no_room() -> None:
    """One request at a time proves nothing about a balancer by load."""
    chats = [chat(number, at=2.0 * number) for number in range(40)]
    lines = [line for request in chats for line in (arrival(request), end(request))]
    must_have_no_room(balanced(tell(*chats, lines), Balancing.LEAST_LOADED), "two requests of this load at the same worker")


def test_reference_message() -> None:
    """A failure of the reference states how often a random balancer misses the same bound."""
    must_say(
        spread(shared_out(0, 10), workers=WORKERS, at_least=4),
        FAILED,
        "least_loaded_in_turn promises this bound",
        "misses it in 34 of 100 runs",
    )


def test_sessions_have_no_share() -> None:
    """A request of a session follows its session, so it counts for no share."""
    held = [chat(100 + number, sent_headers={"X-Request-Id": f"r{100 + number}", "X-Session-ID": "s"}) for number in range(10)]
    history = shared_out(5, 5)
    for request in held:
        history.record(request)
        history.record(arrival(request))
    must_say(spread(history, workers=WORKERS, at_least=5, at_most=5), PASSED, "worker-1: 5")


def test_share_begins_when_worker_is_ready() -> None:
    """Requests before the last worker became ready count for no share."""
    early, late = [chat(number) for number in range(10)], [chat(number, at=10.0) for number in range(10, 20)]
    ready = Event(5.0, "journal", "worker-2", {"event": "ready"})
    lines = [arrival(request) for request in early] + [arrival(request, WORKERS[number % 2]) for number, request in enumerate(late)]
    must_say(spread(tell(*early, *late, [ready, *lines]), workers=WORKERS, at_least=5, at_most=5), PASSED, "worker-1: 5")


def test_hive_without_worker_is_inconclusive() -> None:
    """A hive without a worker has no share."""
    limits: dict[str, Any] = {"workers": ["hive-1", "hive-2"], "places": {"worker-1": "hive-1"}}
    must_say(spread(shared_out(4, 0), at_least=1, **limits), INCONCLUSIVE)


def test_hives_have_unequal_shares() -> None:
    """A hive with more workers has a greater share."""
    places = {"worker-1": "hive-1", "worker-2": "hive-2", "worker-3": "hive-2", "worker-4": "hive-2"}
    limits: dict[str, Any] = {"workers": ["hive-1", "hive-2"], "at_least": 0.5, "places": places, "balancing": Balancing.RANDOM}
    must_say(spread(shared_out(25, 75), **limits), PASSED)
    must_say(spread(shared_out(50, 50), **limits), FAILED, "hive-1: 9 to 44")
