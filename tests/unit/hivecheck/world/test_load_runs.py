"""Load runs: the sentences for their schedules, their traces, and a run in a process of its own."""

from __future__ import annotations

import pytest

from hivecheck.errors import UsageError
from hivecheck.load import trace_file
from hivecheck.load.schedule import Arrivals, Level, Segment, Users
from hivecheck.world.load_runs import Recorded, shape_of


def test_open_loop() -> None:
    """Arrivals are even, or Poisson arrivals."""
    assert shape_of("50 requests per second for 2 seconds") == Arrivals((Segment(2.0, 50.0, 50.0),))
    assert shape_of("50 requests per second for 1 second, with Poisson arrivals") == Arrivals((Segment(1.0, 50.0, 50.0),), 1.0)


def test_clients() -> None:
    """Clients have no think time and start soon after one another."""
    users = shape_of("100 clients for 3 seconds")
    assert isinstance(users, Users) and (users.users, users.duration_seconds, users.think_seconds) == (100, 3.0, 0.0)


def test_levels() -> None:
    """Users grow within the first half of each level, or jump at its begin."""
    rest = "each for 4 seconds, with 1 second of think time"
    assert shape_of(f"users that grow to 10 and 20, {rest}") == Users(
        20, 8.0, 1.0, levels=(Level(2.0, 10), Level(2.0, 10), Level(2.0, 20), Level(2.0, 20))
    )
    assert shape_of(f"users that jump to 10, {rest}") == Users(10, 4.0, 1.0, levels=(Level(0.0, 10), Level(4.0, 10)))


def test_unknown_shape() -> None:
    """Other words are refused."""
    with pytest.raises(UsageError, match="expected: one of"):
        shape_of("much traffic")


def test_recorded_trace() -> None:
    """A trace of the sentence is JSONL that a trace file can hold, the same for the same seed only."""
    recorded = shape_of("a recorded trace of 6 conversations")
    assert isinstance(recorded, Recorded)
    assert recorded.text(1) == recorded.text(1) != recorded.text(2)
    trace = trace_file.parse(recorded.text(1), "trace.jsonl")
    assert len(trace.turns) == 9 and len({turn.conversation for turn in trace.turns}) == 6
