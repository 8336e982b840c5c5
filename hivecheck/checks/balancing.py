"""How many requests a gateway sends to each server, by the balancing that its target declares. Exact and pure; no check itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil, comb

# A rule of the project (H-5): a fair gateway fails a check of shares in at most 1 of 10,000 runs.
ERROR_PROBABILITY = Fraction(1, 10_000)


class Balancing(StrEnum):
    """How a gateway distributes requests without a session. The reference balances `LEAST_LOADED_IN_TURN`."""

    RANDOM = "random"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    LEAST_LOADED_IN_TURN = "least_loaded_in_turn"
    BY_PREFIX = "by_prefix"


@dataclass(frozen=True)
class Bounds:
    """The fewest and the most requests that one server receives."""

    least: int
    most: int

    def __contains__(self, count: int) -> bool:
        return self.least <= count <= self.most


ByServer = Mapping[str, Bounds]
# A server is a worker of weight 1, or a hive with as many workers as its weight.
Weights = Mapping[str, int]


def random_bounds(requests: int, weights: Weights) -> ByServer:
    """The bounds of a balancer that draws a worker for each request, each with the same probability.

    A union bound over servers and over both tails: each tail has an equal part of the error probability, so the whole has less.
    """
    tail = ERROR_PROBABILITY / (2 * len(weights))
    return {name: _binomial_bounds(requests, Fraction(weight, sum(weights.values())), tail) for name, weight in weights.items()}


def turn_bounds(requests: int, weights: Weights, *, senders: int = 1, repeated: int = 0) -> ByServer:
    """The bounds of a balancer that takes the workers in turn. Exact for one sender.

    Each sender, a process with a turn of its own, widens the greatest difference between two workers by 1.
    Concurrency widens nothing, because a turn is taken at the choice. Each of `repeated` attempts can be out of turn.
    """
    workers = sum(weights.values())
    slack = senders * (workers - 1)
    least, most = max(0, -((slack - requests) // workers)), (requests + slack) // workers
    return {name: Bounds(max(0, weight * least - repeated), weight * most + repeated) for name, weight in weights.items()}


def load_bounds(requests: int, weights: Weights, *, most_at_once: int, running: Weights, senders: int = 1) -> ByServer:
    """The bounds of a balancer that takes the worker with the fewest requests of its own. Exact, whatever it does among equals.

    `most_at_once` requests were at one worker at the same time. When the last of them was sent, each other worker had all but one.
    `running` requests of others were at a server then. Several senders see their own requests only.
    """
    # One request at a time proves nothing: all queues are empty, so each choice is one among equals.
    least = max(0, ceil(Fraction(most_at_once, senders)) - 1)
    return {name: Bounds(max(0, weight * least - running.get(name, 0)), requests) for name, weight in weights.items()}


def miss_probability(requests: int, weights: Weights, bounds: ByServer) -> Fraction:
    """How often a balancer that draws a worker for each request leaves the bounds. With unequal weights: how often a skew is found."""
    # The number of sequences of workers within the bounds, server by server, divided by the number of all sequences.
    ways = {0: 1}
    for name, weight in weights.items():
        longer: dict[int, int] = {}
        for sent, before in ways.items():
            for count in range(bounds[name].least, min(bounds[name].most, requests - sent) + 1):
                longer[sent + count] = longer.get(sent + count, 0) + before * comb(requests - sent, count) * weight**count
        ways = longer
    return 1 - Fraction(ways.get(requests, 0), sum(weights.values()) ** requests)


def requests_needed(weights: Weights) -> int:
    """The fewest requests of which a random balancer sends each server one. With fewer, an idle server proves nothing."""
    rarest = Fraction(min(weights.values()), sum(weights.values()))
    return _draws_until(1 - rarest, ERROR_PROBABILITY / (2 * len(weights)))


def sessions_needed(workers: int) -> int:
    """The fewest sessions, each placed at random, that use so many workers. More workers in the stack make fewer used ones rarer."""
    return _draws_until(Fraction(workers - 1, workers), ERROR_PROBABILITY / workers)


def pairs_needed(workers: int) -> int:
    """The fewest pairs, placed at random, of which one has two different workers. So many draws also hit one worker of two."""
    return _draws_until(Fraction(1, workers), ERROR_PROBABILITY)


def odds(probability: Fraction) -> str:
    """A probability for messages: "in fewer than 1 of 10,000 runs", "in 31 of 1,000 runs"."""
    if probability <= ERROR_PROBABILITY:
        return "in fewer than 1 of 10,000 runs"
    total = next(total for total in (100, 1_000, 10_000) if probability * total >= 1)
    return f"in {round(probability * total)} of {total:,} runs"


def _draws_until(kept: Fraction, limit: Fraction) -> int:
    draws, left = 0, Fraction(1)
    while left > limit:
        draws, left = draws + 1, left * kept
    return draws


def _binomial_bounds(requests: int, share: Fraction, tail: Fraction) -> Bounds:
    hit, all_ = share.numerator, share.denominator
    ways = [comb(requests, count) * hit**count * (all_ - hit) ** (requests - count) for count in range(requests + 1)]
    limit = tail * all_**requests
    return Bounds(_rare(iter(ways), limit), requests - _rare(reversed(ways), limit))


def _rare(ways: Iterator[int], limit: Fraction) -> int:
    """How many counts from the end of a tail are together rare enough."""
    total = 0
    for count, way in enumerate(ways):
        total += way
        if total > limit:
            return count
    raise ValueError("expected: a limit below 1\nactual: a limit that every count keeps")
