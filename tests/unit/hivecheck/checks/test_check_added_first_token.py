"""Check: added first token."""

from __future__ import annotations

from collections.abc import Sequence

from stories import FAILED, INCONCLUSIVE, PASSED, arrival, end, must_say, stream, tell

from hivecheck.checks.streams.added_first_token import DIRECT, MIN_STREAMS, added_first_token
from hivecheck.history import Event, History, Operation, Token


def streamed(number: int, way: float, purpose: str) -> list[Operation | list[Event]]:
    """A stream whose worker took 0.1 s, and whose way there and back took `way` s."""
    at = 10.0 * number
    seen = tuple(Token(at + 0.1 + way + place, f"t{place} ") for place in range(3))
    told = stream(number, started_at=at, tokens=seen, purpose=purpose)
    return [told, [arrival(told, at=at + way / 2), end(told, emitted=[at + way / 2 + 0.1 + place for place in range(3)])]]


def story(through: Sequence[float], direct: Sequence[float]) -> History:
    told = [streamed(number, each, "chat") for number, each in enumerate(through, 1)]
    told += [streamed(number, each, DIRECT) for number, each in enumerate(direct, 101)]
    return tell(*(item for items in told for item in items))


ENOUGH = MIN_STREAMS + 1  # the first one does not count


def test_little_added_to_the_quicker_streams_passes_whatever_the_first_and_the_disturbed_ones_took() -> None:
    disturbed = [0.2] * (MIN_STREAMS // 2)
    history = story([0.5, *disturbed, *[0.004] * (MIN_STREAMS // 2)], [0.3, *[0.002] * MIN_STREAMS])
    must_say(added_first_token(history, seconds=0.005), PASSED, "2.00 ms: through the gateway lower quartile 4.00 ms", "worst 200.00 ms")


def test_what_client_and_machine_add_either_way_cancels_out() -> None:
    must_say(added_first_token(story([0.021] * ENOUGH, [0.02] * ENOUGH), seconds=0.005), PASSED, "1.00 ms")


def test_much_added_to_every_stream_fails() -> None:
    must_say(added_first_token(story([0.044] * ENOUGH, [0.002] * ENOUGH), seconds=0.005), FAILED, "42.00 ms")


def test_too_few_streams_or_one_without_its_journal_are_inconclusive() -> None:
    must_say(added_first_token(story([0.002] * MIN_STREAMS, [0.002] * ENOUGH), seconds=0.005), INCONCLUSIVE)
    must_say(added_first_token(story([0.002] * ENOUGH, []), seconds=0.005), INCONCLUSIVE)
    history = story([0.002] * ENOUGH, [0.002] * ENOUGH)
    history.record(stream(99, started_at=5000.0))
    must_say(added_first_token(history, seconds=0.005), INCONCLUSIVE, "1 of them without")
