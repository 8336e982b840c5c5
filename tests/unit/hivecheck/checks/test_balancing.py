"""The bounds of each balancing: exact, kept by fair gateways, and broken by skewed ones."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from fractions import Fraction

import pytest

from hivecheck.checks import balancing
from hivecheck.checks.balancing import ERROR_PROBABILITY, Bounds, ByServer, Weights
from hivecheck.settings import PROJECT_ROOT

THREE = {"a": 1, "b": 1, "c": 1}
HIVES = {"a": 1, "b": 3}


def named(count: int) -> Weights:
    return {f"worker-{number}": 1 for number in range(count)}


def enumerated(requests: int, weights: Weights, bounds: ByServer) -> Fraction:
    """The miss probability by looking at each sequence of workers."""
    workers = [name for name, weight in weights.items() for _ in range(weight)]
    counts = (Counter(sequence) for sequence in itertools.product(workers, repeat=requests))
    missed = sum(any(count[name] not in bounds[name] for name in weights) for count in counts)
    return Fraction(missed, len(workers) ** requests)


@pytest.mark.parametrize("weights", [THREE, HIVES, named(2)])
@pytest.mark.parametrize(("least", "most"), [(0, 8), (1, 8), (2, 4), (3, 3), (1, 5)])
def test_miss_probability_is_exact(weights: Weights, least: int, most: int) -> None:
    """The probability equals that of an enumeration of all sequences."""
    bounds = dict.fromkeys(weights, Bounds(least, most))
    for requests in (1, 5, 8):
        assert balancing.miss_probability(requests, weights, bounds) == enumerated(requests, weights, bounds)


@pytest.mark.parametrize("weights", [named(2), named(3), named(4), HIVES])
@pytest.mark.parametrize("requests", [1, 12, 20, 40, 60, 100, 200])
def test_random_bounds_keep_error_probability(weights: Weights, requests: int) -> None:
    """A fair random balancer leaves the bounds in at most 1 of 10,000 runs."""
    bounds = balancing.random_bounds(requests, weights)
    assert balancing.miss_probability(requests, weights, bounds) <= ERROR_PROBABILITY


@pytest.mark.parametrize("weights", [named(2), named(3), named(4), HIVES])
def test_random_bounds_are_tight(weights: Weights) -> None:
    """A tail with one more request is too probable for its part of the error probability."""
    bounds = balancing.random_bounds(60, weights)
    for name in weights:
        anything = {other: Bounds(0, 60) for other in weights}
        for tighter in (Bounds(bounds[name].least + 1, 60), Bounds(0, bounds[name].most - 1)):
            miss = balancing.miss_probability(60, weights, anything | {name: tighter})
            assert miss > ERROR_PROBABILITY / (2 * len(weights))


def test_random_bounds_of_coin_tosses() -> None:
    """16 tosses are the fewest with a bound: both tails of two workers need 4 x 2**-16, which is less than 1 of 10,000."""
    assert balancing.random_bounds(15, named(2))["worker-0"] == Bounds(0, 15)
    assert balancing.random_bounds(16, named(2))["worker-0"] == Bounds(1, 15)
    assert balancing.requests_needed(named(2)) == 16


@pytest.mark.parametrize(("workers", "needed"), [(2, 16), (3, 28), (4, 40)])
def test_requests_needed(workers: int, needed: int) -> None:
    """Fewer requests give no server a least number, and so many do."""
    assert balancing.requests_needed(named(workers)) == needed
    assert balancing.random_bounds(needed - 1, named(workers))["worker-0"].least == 0
    assert balancing.random_bounds(needed, named(workers))["worker-0"].least == 1


def test_sessions_needed() -> None:
    """15 sessions at two workers: all of them at one has the probability 2 x 2**-15. One session less is too few."""
    assert balancing.sessions_needed(2) == 15
    assert Fraction(2, 2**15) <= ERROR_PROBABILITY < Fraction(2, 2**14)
    assert balancing.sessions_needed(1) == 1


def test_pairs_needed() -> None:
    """14 pairs at two workers, and 9 at three: 2**-14 and 3**-9 are less than 1 of 10,000."""
    assert [balancing.pairs_needed(workers) for workers in (2, 3)] == [14, 9]


@pytest.mark.parametrize(("workers", "requests"), [(2, 60), (3, 90), (4, 120)])
def test_fair_balancers_pass(workers: int, requests: int) -> None:
    """Of 10,000 simulated fair balancers at most 5 miss the bounds: more have a probability of 1 in 1,600, and the seed is fixed."""
    draw, weights = random.Random(7), named(workers)
    bounds = balancing.random_bounds(requests, weights)
    missed = 0
    for _ in range(10_000):
        counts = Counter(draw.choices(list(weights), k=requests))
        missed += any(counts[name] not in bounds[name] for name in weights)
    assert missed <= 5


# Each scenario with a check of shares: requests, workers, and the greatest skew that a check of random shares finds in 9 of 10 runs.
# A skew is the weight of one worker beside 12 of each other one. 0 is an idle worker.
SCENARIOS = {
    "The gateway distributes chats without a session evenly": (200, 2, 5),
    "The gateway sends sequential chats to the workers of a model in turn": (40, 2, 1),
    "The in-flight counts return to zero after every kind of ending, and load is balanced again": (40, 2, 1),
    "The gateway distributes requests over both hives": (80, 2, 3),
    "3 workers with one slot each answer 10 concurrent requests": (30, 3, 0),
    "Only ready workers of the model receive requests": (60, 4, 0),
    "The gateway alternates between workers that are equally busy": (32, 2, 1),
    "A burst after the end of a queue reaches all workers alike": (62, 3, 1),
    "Several workers serve requests with and without a session": (60, 3, 1),
    "The cluster registers and uses three workers that start at the same time": (60, 3, 1),
    "The gateway distributes requests over all workers of a model": (60, 3, 1),
    "A new worker receives its share of requests": (100, 4, 2),
    "The gateway queues a burst of 100 requests and answers all of them": (100, 3, 2),
}


@pytest.mark.parametrize(("requests", "workers", "skew"), SCENARIOS.values(), ids=SCENARIOS)
def test_skew_is_found(requests: int, workers: int, skew: int) -> None:
    """A worker with a small part of its fair share breaks the random bounds in at least 9 of 10 runs."""
    bounds = balancing.random_bounds(requests, named(workers))
    assert min(bound.least for bound in bounds.values()) >= 1
    skewed = dict.fromkeys(named(workers), 12) | {"worker-0": skew}
    assert balancing.miss_probability(requests, skewed, bounds) >= Fraction(9, 10)


def test_scenarios_send_so_many_requests() -> None:
    """The table has every scenario with a check of shares, and each of them sends its requests."""
    features = "\n".join(path.read_text(encoding="utf-8") for path in (PROJECT_ROOT / "features").rglob("*.feature"))
    scenarios = dict(re.findall(r"Scenario(?: Outline)?: (.+?)\n(.*?)(?=\n\n|\Z)", features, re.DOTALL))
    judged = {name for name, steps in scenarios.items() if re.search(r"each (hive|worker of \S+) served", steps)}
    assert judged == set(SCENARIOS)
    for name, (requests, _, _) in SCENARIOS.items():
        chats = sum(map(int, re.findall(r"clients send (\d+) (?:\w+ )?chats? for", scenarios[name])))
        streams = len(re.findall(r"a client is streaming from", scenarios[name]))
        assert chats + streams >= requests, name


@pytest.mark.parametrize("workers", [2, 3, 4, 5])
@pytest.mark.parametrize("senders", [1, 2, 3])
def test_turns_of_each_phase_pass(workers: int, senders: int) -> None:
    """Senders in turn keep the bounds from any phase and with any number of requests each, and one sender attains both bounds."""
    weights, draw = named(workers), random.Random(7)
    for requests in range(1, 3 * workers + 2):
        bounds, attained = balancing.turn_bounds(requests, weights, senders=senders)["worker-0"], set()
        for _ in range(200):
            counts: Counter[int] = Counter()
            phases = [draw.randrange(workers) for _ in range(senders)]
            for sender in draw.choices(range(senders), k=requests):
                counts[phases[sender]] += 1
                phases[sender] = (phases[sender] + 1) % workers
            attained |= {counts[place] for place in range(workers)}
        assert bounds.least <= min(attained) and max(attained) <= bounds.most
        assert senders > 1 or attained == {bounds.least, bounds.most}


def test_turns_of_hives_and_repetitions() -> None:
    """A hive has the turns of all its workers, and each repeated attempt widens a bound by one."""
    assert balancing.turn_bounds(41, {"a": 1, "b": 3}) == {"a": Bounds(10, 11), "b": Bounds(30, 33)}
    assert balancing.turn_bounds(10, named(2), repeated=1)["worker-0"] == Bounds(4, 6)


@pytest.mark.parametrize("ties", ["first", "random"])
@pytest.mark.parametrize("senders", [1, 2])
def test_least_loaded_passes(ties: str, senders: int) -> None:
    """A balancer by load keeps its bounds, whatever it does among equals and however long each request takes."""
    draw, weights = random.Random(7), named(3)
    for _ in range(300):
        own: list[Counter[str]] = [Counter() for _ in range(senders)]
        running: list[tuple[int, str, int]] = []
        received, most_at_once = Counter[str](), 0
        for moment in range(40):
            for ended in [one for one in running if one[0] <= moment]:
                running.remove(ended)
                own[ended[2]][ended[1]] -= 1
            sender = draw.randrange(senders)
            least = min(own[sender][name] for name in weights)
            equals = [name for name in weights if own[sender][name] == least]
            chosen = equals[0] if ties == "first" else draw.choice(equals)
            own[sender][chosen] += 1
            received[chosen] += 1
            running.append((moment + draw.choice([1, 5, 30]), chosen, sender))
            most_at_once = max(most_at_once, *Counter(name for _, name, _ in running).values())
        bounds = balancing.load_bounds(40, weights, most_at_once=most_at_once, running={}, senders=senders)
        assert all(received[name] in bounds[name] for name in weights)


def test_load_bounds() -> None:
    """One request at a time promises nothing. A burst promises all but one request, less what a server had already."""
    assert balancing.load_bounds(20, named(2), most_at_once=1, running={})["worker-0"] == Bounds(0, 20)
    assert balancing.load_bounds(60, named(3), most_at_once=20, running={"worker-1": 5}) == {
        "worker-0": Bounds(19, 60),
        "worker-1": Bounds(14, 60),
        "worker-2": Bounds(19, 60),
    }


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (Fraction(0), "in fewer than 1 of 10,000 runs"),
        (ERROR_PROBABILITY, "in fewer than 1 of 10,000 runs"),
        (Fraction(3, 10_000), "in 3 of 10,000 runs"),
        (Fraction(9, 1_000), "in 9 of 1,000 runs"),
        (Fraction(1, 4), "in 25 of 100 runs"),
        (Fraction(1), "in 100 of 100 runs"),
    ],
)
def test_odds(probability: Fraction, text: str) -> None:
    """A probability is a number of runs."""
    assert balancing.odds(probability) == text
