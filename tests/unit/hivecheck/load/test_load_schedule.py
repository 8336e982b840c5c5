"""Schedules: rates, gaps, profiles, users, conversations, and independence from shards."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hivecheck.load.schedule import Arrivals, Level, Schedule, Segment, Trace, Turn, Users, part

RATES = st.floats(0.5, 500)
VARIATIONS = st.sampled_from([0.0, 0.5, 1.0, 2.0])
SEGMENTS = st.lists(st.builds(Segment, st.floats(0.5, 5), st.floats(0, 80), st.floats(0, 80)), min_size=1, max_size=4)


def constant(rate: float, seconds: float, variation: float = 0.0) -> Arrivals:
    return Arrivals((Segment(seconds, rate, rate),), variation)


def gaps(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


@settings(deadline=None)
@given(RATES, st.floats(1, 20))
def test_constant_rate(rate: float, seconds: float) -> None:
    """Even arrivals begin at 0, have equal gaps and number rate x seconds."""
    times = constant(rate, seconds).intended_seconds(seed=1)
    assert times[0] == 0.0 and times[-1] < seconds
    assert abs(len(times) - rate * seconds) <= 1
    assert all(math.isclose(gap, 1 / rate, rel_tol=1e-6) for gap in gaps(times))


def test_constant_rate_of_a_rounded_sum() -> None:
    """0.1 requests per second for 30 seconds are three requests, although the float product is above 3."""
    assert list(constant(0.1, 30).intended_seconds(1)) == pytest.approx([0, 10, 20])


@pytest.mark.parametrize("variation", [0.5, 1.0, 2.0])
def test_gap_variation(variation: float) -> None:
    """Random gaps have the mean of the rate and the asked coefficient of variation."""
    found = gaps(constant(100, 200, variation).intended_seconds(seed=5))
    mean = statistics.fmean(found)
    assert mean == pytest.approx(1 / 100, rel=0.06)
    assert statistics.pstdev(found) / mean == pytest.approx(variation, rel=0.08)


def test_poisson_counts() -> None:
    """Counts of Poisson arrivals per second have a variance equal to their mean."""
    times = constant(50, 400, 1.0).intended_seconds(seed=3)
    counts = [sum(second <= at < second + 1 for at in times) for second in range(400)]
    assert statistics.variance(counts) / statistics.fmean(counts) == pytest.approx(1.0, abs=0.25)


@settings(deadline=None)
@given(SEGMENTS, st.floats(0.05, 1.0))
def test_profile_integral(segments: list[Segment], share: float) -> None:
    """Up to any moment a profile has as many even arrivals as the area below it."""
    schedule = Arrivals(tuple(segments))
    until, area = share * schedule.duration_seconds, 0.0
    left = until
    for segment in segments:
        within = min(left, segment.seconds)
        slope = (segment.end - segment.start) / segment.seconds
        area += within * segment.start + slope * within**2 / 2
        left -= within
    assert abs(sum(at < until for at in schedule.intended_seconds(1)) - area) <= 1.001


@settings(deadline=None)
@given(SEGMENTS, VARIATIONS, st.integers(0, 1000))
def test_order_and_window(segments: list[Segment], variation: float, seed: int) -> None:
    """Arrivals are in order and within the duration."""
    schedule = Arrivals(tuple(segments), variation)
    times = schedule.intended_seconds(seed)
    assert list(times) == sorted(times)
    assert all(0 <= at <= schedule.duration_seconds for at in times)


@settings(deadline=None, max_examples=30)
@given(VARIATIONS, st.integers(0, 10**9))
def test_same_seed_same_bytes(variation: float, seed: int) -> None:
    """The same seed gives the same schedule byte for byte, through JSON as well."""
    schedule = constant(40, 5, variation)
    again = msgspec.json.decode(msgspec.json.encode(schedule), type=Arrivals | Users | Trace)
    assert again == schedule
    assert again.intended_seconds(seed).tobytes() == schedule.intended_seconds(seed).tobytes()


def test_other_seed_other_times() -> None:
    """Another seed gives other random gaps."""
    assert constant(40, 5, 1.0).intended_seconds(1) != constant(40, 5, 1.0).intended_seconds(2)


TRACE = Trace(
    (
        Turn(10, 5, at=0.0, conversation="a"),
        Turn(10, 5, at=1.5),
        Turn(40, 5, think=2.0, conversation="a"),
        Turn(8, at=0.5, conversation="b"),
        Turn(70, think=1.0, conversation="a"),
    ),
    duration_seconds=3.0,
    is_cumulative=True,
)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from([constant(30, 3), constant(30, 3, 1.0), Users(7, 5.0, 1.0, 2.0), TRACE]), st.integers(1, 9))
def test_shards_split_the_schedule(schedule: Schedule, shards: int) -> None:
    """The shards together have each chain once, at the same time as one process."""
    whole = list(schedule.chains(4))
    split = [chain for shard in range(shards) for chain in part(schedule.chains(4), shard, shards)]
    assert sorted(split, key=lambda chain: (chain.at, chain.number)) == whole


def test_users_start_staggered() -> None:
    """Users start one after the other, evenly within the stagger time."""
    assert list(Users(4, 10.0, stagger_seconds=2.0).intended_seconds(1)) == [0.0, 0.5, 1.0, 1.5]


def test_think_times() -> None:
    """Think times are exponential with the given mean, and a user without one does not think."""
    users = Users(10, 60.0, think_seconds=2.0)
    found = [users.think_seconds_after(7, number) for number in range(4000)]
    assert statistics.fmean(found) == pytest.approx(2.0, rel=0.06)
    assert statistics.pstdev(found) == pytest.approx(2.0, rel=0.1)
    assert Users(10, 60.0).think_seconds_after(7, 3) == 0.0


def test_user_requests_are_numbered_apart() -> None:
    """No two users share a request number."""
    users = Users(3, 10.0)
    numbers = []
    for user in range(3):
        number = user
        for _ in range(5):
            numbers.append(number)
            number = users.following(number) or 0
    assert len(set(numbers)) == 15


def test_turns_of_users() -> None:
    """A turn has the earlier turns of its own conversation, and a new conversation begins without any."""
    users = Users(2, 10.0, turns=3)
    assert [users.earlier_turns(number) for number in (1, 3, 5, 7)] == [(), (1,), (1, 3), ()]


def test_turns_of_a_trace() -> None:
    """A later turn of a trace waits for the turn before, and is due its think time after that one's end."""
    assert TRACE.following(0) == 2 and TRACE.following(2) == 4 and TRACE.following(4) is None and TRACE.following(1) is None
    assert TRACE.think_seconds_after(1, 0) == 2.0
    assert TRACE.earlier_turns(4) == (0, 2)
    assert list(TRACE.intended_seconds(1)) == [0.0, 0.5, 1.5]


def test_cumulative_lengths() -> None:
    """A cumulative input length holds the earlier turns and their answers. A plain one does not."""
    assert [TRACE.own_input_tokens(number) for number in (0, 2, 4)] == [10, 25, 25]
    plain = Trace(TRACE.turns, 3.0)
    assert [plain.own_input_tokens(number) for number in (0, 2, 4)] == [10, 40, 70]


# Four users within two seconds, four for two seconds, then at once two for two seconds, and four again.
LEVELS = (Level(2, 4), Level(2, 4), Level(0, 2), Level(2, 2), Level(2, 4))


def test_levels_start_users() -> None:
    """The number of users grows in a straight line, and a level of no length is a jump."""
    assert list(Users(4, 8, levels=LEVELS).intended_seconds(1)) == pytest.approx([0.0, 0.5, 1.0, 1.5])
    assert list(Users(3, 2, levels=(Level(0, 3), Level(2, 3))).intended_seconds(1)) == [0.0, 0.0, 0.0]


def test_levels_pause_users() -> None:
    """A user above the number waits until it rises again. A user below it, and users without levels, never wait."""
    users = Users(4, 8, levels=LEVELS)
    assert [users.active_from(number, 3.5) for number in range(4)] == [3.5] * 4
    assert [users.active_from(number, 4.5) for number in range(4)] == pytest.approx([4.5, 4.5, 6.0, 7.0])
    assert users.active_from(4 + 3, 4.5) == pytest.approx(7.0)  # the second request of the fourth user
    assert users.active_from(0, 8.0) == math.inf
    assert Users(4, 8).active_from(3, 100.0) == 100.0


@settings(deadline=None)
@given(st.lists(st.builds(Level, st.sampled_from([0.0, 1.0, 2.5]), st.integers(0, 9)), min_size=1, max_size=5), st.floats(0, 14))
def test_levels_count(levels: list[Level], at: float) -> None:
    """At each moment as many users are active as the profile says, rounded up where it is between two numbers."""
    users = Users(9, sum(level.seconds for level in levels), levels=tuple(levels))
    begin, before, expected = 0.0, 0, 0.0
    for level in levels:
        if begin <= at < begin + level.seconds:
            expected = before + (level.users - before) * (at - begin) / level.seconds
        begin, before = begin + level.seconds, level.users
    active = sum(users.active_from(user, at) == at for user in range(9))
    assert abs(active - expected) <= 1
