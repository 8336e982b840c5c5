"""The words of Gherkin for what workers do, and the header X-Simulate that they become."""

from __future__ import annotations

import pytest

from hivecheck.errors import UsageError
from hivecheck.world.requests.worker_behaviours import BEHAVIOURS, ENDLESS_STREAM, STREAM, simulation, stream_pattern
from services.worker.behaviour import parse


@pytest.mark.parametrize("words", BEHAVIOURS)
def test_behaviour_is_known_to_worker(words: str) -> None:
    """The bundled worker accepts the header of each behaviour."""
    assert parse(simulation(words)) is not None


@pytest.mark.parametrize(
    ("words", "header"),
    [
        ("", ""),
        ("a 503 response", "fault=status:503"),
        ("0.6 seconds of work", "ttft=0.6"),
        ("a token every 0.08 seconds", "itl=0.08"),
        ("a 503 response at worker-1", "at=worker-1;fault=status:503"),
        ("2 seconds of work at worker-b", "at=worker-b;ttft=2"),
    ],
)
def test_simulation_header(words: str, header: str) -> None:
    """Words with a number or a worker become the same header as a row of the table."""
    assert simulation(words) == header


def test_unknown_behaviour_is_refused() -> None:
    """An unknown behaviour is a usage error that lists the known ones."""
    with pytest.raises(UsageError, match="a 503 response"):
        simulation("a mood")


def test_stream_pattern_by_age() -> None:
    """A stream of a given age is endless, and any other one is found in the table."""
    assert stream_pattern(", with a response that has run for 0.8 seconds").seconds == 0.8
    assert stream_pattern(", with a response that has run for 0.8 seconds").tokens == ENDLESS_STREAM.tokens
    assert stream_pattern("") is STREAM
