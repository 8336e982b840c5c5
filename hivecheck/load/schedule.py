"""When a run sends its requests: computed before the run, from the seed alone. It holds no clock and sends nothing.

A request has a number. Chains are requests that wait for each other: the turns of one conversation, the requests of one user.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from hivecheck.load import seeds

# Sums of floats: 0.1/s for 30 s are 3.0000000000000004 requests, and the fourth is due at the end.
ROUNDING = 1e-9


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a rate profile. The rate goes in a straight line from `start` to `end`, in requests per second."""

    seconds: float
    start: float
    end: float

    @property
    def requests(self) -> float:
        """The expected number of requests in it: the area below the line."""
        return self.seconds * (self.start + self.end) / 2

    def seconds_until(self, requests: float) -> float:
        """When so many requests of it are due, in seconds after its begin."""
        slope = (self.end - self.start) / self.seconds
        # This form of the root has no difference of nearly equal numbers.
        speed = self.start + math.sqrt(max(0.0, self.start**2 + 2 * slope * requests))
        # Towards a rate of 0 the root is steep, so a rounding error could lie beyond the end.
        return min(self.seconds, 2 * requests / speed) if speed else 0.0


class Arrivals(msgspec.Struct, frozen=True, tag="arrivals", forbid_unknown_fields=True):
    """Open loop: a request is sent when it is due, whatever became of earlier ones.

    `variation` is the coefficient of variation of the gaps in gamma distribution: 0 for even gaps, 1 for Poisson arrivals.
    """

    segments: tuple[Segment, ...]
    variation: float = 0.0

    @property
    def duration_seconds(self) -> float:
        return sum(segment.seconds for segment in self.segments)

    def intended_seconds(self, seed: int) -> array[float]:
        """The intended time of each request in seconds after the start, in order. Request i has the number i."""
        times, base, before = array("d"), 0.0, 0.0
        due = self._operational_times(seed)
        place = next(due)
        for segment in self.segments:
            end = before + segment.requests
            while place < end - ROUNDING:
                times.append(base + segment.seconds_until(max(0.0, place - before)))  # the rounding left it to this segment
                place = next(due)
            base, before = base + segment.seconds, end
        return times

    def _operational_times(self, seed: int) -> Iterator[float]:
        """Arrivals at a rate of 1. The profile then stretches them, so each kind of gaps goes with each profile."""
        if not self.variation:
            yield from _count_from_zero()
        shape, place, number = 1 / self.variation**2, 0.0, 0
        while True:
            place += seeds.generator(seed, number, "gap").gammavariate(shape, 1 / shape)
            yield place
            number += 1

    def chains(self, seed: int) -> Iterator[Chain]:
        """Each request is a chain of one."""
        return (Chain(number, at) for number, at in enumerate(self.intended_seconds(seed)))

    def following(self, number: int) -> int | None:
        """The request that waits for this one: none."""
        return None

    def think_seconds_after(self, seed: int, number: int) -> float:
        """No request waits for another."""
        return 0.0


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a profile of users. Their number goes in a straight line from that of the part before, at first 0, to `users`."""

    seconds: float
    users: int


class Users(msgspec.Struct, frozen=True, tag="users", forbid_unknown_fields=True):
    """Closed loop: each user sends a request, waits for its end, thinks, and sends the next one until the duration is over.

    The users start one after the other within `stagger_seconds`. Think times are exponential with the mean `think_seconds`.
    Each conversation has `turns` requests, and a turn sends the earlier turns of its conversation again.
    With `levels`, so many users are active at a time. The others wait until the number rises. `levels` replaces the stagger.
    """

    users: int
    duration_seconds: float
    think_seconds: float = 0.0
    stagger_seconds: float = 0.0
    turns: int = 1
    levels: tuple[Level, ...] = ()

    def intended_seconds(self, seed: int) -> array[float]:
        """The intended time of the first request of each user. Later ones depend on the answers."""
        if self.levels:
            return array("d", (self.active_from(user, 0.0) for user in range(self.users)))
        return array("d", (user * self.stagger_seconds / self.users for user in range(self.users)))

    def active_from(self, number: int, at: float) -> float:
        """The first moment from `at` on at which the user of this request is active, in seconds after the start. Infinite for none."""
        if not self.levels:
            return at
        user, begin, before = number % self.users, 0.0, 0
        for level in self.levels:
            end = begin + level.seconds
            # User u is active while the number is above u. It crosses u once in a part with ends on both sides.
            is_in, stays = before > user, level.users > user
            crossing = begin + level.seconds * (user - before) / (level.users - before) if is_in is not stays else begin
            first, last = (begin if is_in else crossing), (end if stays else crossing)
            if (is_in or stays) and max(first, at) < last:
                return max(first, at)
            begin, before = end, level.users
        return math.inf

    def chains(self, seed: int) -> Iterator[Chain]:
        """Each user is a chain."""
        return (Chain(number, at) for number, at in enumerate(self.intended_seconds(seed)) if at < self.duration_seconds)

    def following(self, number: int) -> int | None:
        """The user's next request. Request number = round x users + user, so a shard needs no other shard to number its requests."""
        return number + self.users

    def think_seconds_after(self, seed: int, number: int) -> float:
        """How long the user thinks after this request."""
        return -self.think_seconds * math.log(1 - seeds.share(seed, number, "think")) if self.think_seconds else 0.0

    def earlier_turns(self, number: int) -> tuple[int, ...]:
        """The requests of the same conversation before this one, the oldest first."""
        turn = number // self.users % self.turns
        return tuple(number - back * self.users for back in range(turn, 0, -1))


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One request of a trace. Lengths are in tokens, and 0 output tokens leave the limit to the plan.

    The first turn of a conversation has `at`, in seconds after the start. A later one has `think`, in seconds after the turn before.
    `prompt` and `answer` are recorded texts. An empty one is made from the seed, in the given length.
    """

    input_tokens: int
    output_tokens: int = 0
    at: float | None = None
    think: float = 0.0
    conversation: str = ""
    prompt: str = ""
    answer: str = ""


class Trace(msgspec.Struct, frozen=True, tag="trace", forbid_unknown_fields=True, dict=True):
    """Recorded requests, each sent when it was sent then. `duration_seconds` reaches from the start to the end of the window of the rates.

    With `is_cumulative` the input length of a later turn contains the earlier turns of its conversation.
    """

    turns: tuple[Turn, ...]
    duration_seconds: float
    is_cumulative: bool = False

    def intended_seconds(self, seed: int) -> array[float]:
        """The intended times of the requests that wait for no other."""
        return array("d", (chain.at for chain in self.chains(seed)))

    def chains(self, seed: int) -> Iterator[Chain]:
        """The first turn of each conversation, in order of time."""
        first = [Chain(number, turn.at) for number, turn in enumerate(self.turns) if turn.at is not None]
        return iter(sorted(first, key=lambda chain: (chain.at, chain.number)))

    def following(self, number: int) -> int | None:
        """The next turn of the conversation."""
        return self._following.get(number)

    def think_seconds_after(self, seed: int, number: int) -> float:
        """The recorded think time before the next turn."""
        later = self._following.get(number)
        return 0.0 if later is None else self.turns[later].think

    def earlier_turns(self, number: int) -> tuple[int, ...]:
        """The requests of the same conversation before this one, the oldest first."""
        earlier: list[int] = []
        while (before := self._before.get(earlier[0] if earlier else number)) is not None:
            earlier.insert(0, before)
        return tuple(earlier)

    def own_input_tokens(self, number: int) -> int:
        """The length of the turn's own text, without the earlier turns."""
        turn, before = self.turns[number], self._before.get(number)
        if not self.is_cumulative or before is None:
            return turn.input_tokens
        return turn.input_tokens - self.turns[before].input_tokens - self.turns[before].output_tokens

    @cached_property
    def _following(self) -> dict[int, int]:
        return {before: number for number, before in self._before.items()}

    @cached_property
    def _before(self) -> dict[int, int]:
        before: dict[int, int] = {}
        last: dict[str, int] = {}
        for number, turn in enumerate(self.turns):
            if turn.conversation:
                if turn.at is None:
                    before[number] = last[turn.conversation]
                last[turn.conversation] = number
        return before


Schedule = Arrivals | Users | Trace


@dataclass(frozen=True)
class Chain:
    """The first request of a chain, and when it is due, in seconds after the start."""

    number: int
    at: float


def part(chains: Iterator[Chain], shard: int, shards: int) -> Sequence[Chain]:
    """The chains of one shard, in order of time. A chain stays whole, and the shards together have each chain once."""
    return [chain for place, chain in enumerate(chains) if place % shards == shard]


def _count_from_zero() -> Iterator[float]:
    number = 0
    while True:
        yield float(number)
        number += 1
